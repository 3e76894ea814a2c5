package org.sled.net.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.sled.net.channel.ByteCounter;
import org.sled.net.channel.FrameChannel;
import org.sled.net.channel.PeerWatch;
import org.sled.net.codec.FrameDecoder;
import org.sled.net.codec.FrameFault;
import org.sled.net.codec.FrameLimits;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.GoAway;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Message;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Ping;
import org.sled.net.protocol.Pong;
import org.sled.net.protocol.Redirect;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.VocabularyPart;
import org.sled.net.protocol.Waiting;
import org.sled.net.protocol.Welcome;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Leads one connection from HELLO to its end, on its event loop. */
final class ClientHandler extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(ClientHandler.class);

  /** Bytes that may wait to be sent before WELCOME, and beside what sessions bring after it. */
  private static final int QUEUE_BYTES = 1024 * 1024;

  /** What a session sends at once beside its tokens: a logit bias, blocks, a push. */
  private static final int SESSION_BYTES = 16 * 1024;

  /** More than any server has: no sum overflows, whatever WELCOME says. */
  private static final int MOST_SESSIONS = 1 << 20;

  private final String server;
  private final Hello hello;
  private final ClientListener listener;
  private final ByteCounter bytesIn;
  private final FrameDecoder decoder;
  private final CompletableFuture<ClientConnection> handshake;

  private FrameChannel frames;
  private PeerWatch watch;
  private long helloNanos; // when HELLO was sent

  ClientHandler(
      String server,
      Hello hello,
      ClientListener listener,
      ByteCounter bytesIn,
      FrameDecoder decoder,
      CompletableFuture<ClientConnection> handshake) {
    this.server = server;
    this.hello = hello;
    this.listener = listener;
    this.bytesIn = bytesIn;
    this.decoder = decoder;
    this.handshake = handshake;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    frames = new FrameChannel(ctx.channel(), bytesIn, QUEUE_BYTES, overheadMicros -> {});
    helloNanos = System.nanoTime();
    frames.send(hello);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object input) {
    long nowNanos = System.nanoTime();
    if (frames.isClosed()) {
      ReferenceCountUtil.release(input);
    } else if (input instanceof FrameFault fault) {
      handshake.completeExceptionally(
          new ProtocolException(
              server + " does not speak the SLED protocol: " + fault.text() + "; check the port"));
      frames.closeWithError(ErrorMessage.fatal(fault.code(), fault.text()));
    } else if (watch == null) {
      onFirst(ctx, input);
    } else if (input instanceof ByteBuf frame) {
      onHotFrame(frame, nowNanos);
    } else {
      onMessage((Message) input, nowNanos);
    }
  }

  private void onFirst(ChannelHandlerContext ctx, Object input) {
    if (input instanceof Welcome welcome) {
      if (welcome.version() < hello.minVersion() || welcome.version() > hello.maxVersion()) {
        refuse("chose protocol " + welcome.version() + ", which this client did not offer");
        return;
      }
      decoder.setLimits(FrameLimits.after(welcome.limits()));
      frames.setQueueBytes(queueBytes(welcome.limits()));
      watch = new PeerWatch(frames, ctx.channel().eventLoop(), welcome.pingIntervalMillis());
      watch.start(System.nanoTime() - helloNanos);
      handshake.complete(new ClientConnection(frames, watch, welcome));
    } else if (input instanceof ErrorMessage error) {
      handshake.completeExceptionally(new HandshakeRefusedException(server, error));
      frames.close("refused: " + error.code() + ": " + error.text());
    } else {
      ReferenceCountUtil.release(input);
      refuse("does not answer HELLO with WELCOME");
    }
  }

  /**
   * After a lost connection all sessions send their tokens at once. They are in memory anyway: the
   * bound is there for what no session accounts for.
   */
  private static long queueBytes(Limits limits) {
    long tokens = Resume.frameBytes(Sampling.GREEDY, limits.contextTokens());
    int sessions = Math.min(limits.maxSessionsPerConnection(), MOST_SESSIONS);
    return QUEUE_BYTES + sessions * (tokens + SESSION_BYTES);
  }

  private void refuse(String what) {
    handshake.completeExceptionally(new ProtocolException(server + " " + what));
    frames.closeWithError(ErrorMessage.fatal(ErrorCode.MALFORMED, "the server " + what));
  }

  private void onHotFrame(ByteBuf frame, long nowNanos) {
    int session = FrameHeader.session(frame);
    if (FrameHeader.typeNumber(frame) == FrameType.VERDICT.number()) {
      listener.onVerdict(session, frame, nowNanos);
    } else {
      listener.onTokens(session, frame, nowNanos);
    }
  }

  private void onMessage(Message message, long nowNanos) {
    if (message instanceof Opened opened) {
      listener.onOpened(opened, nowNanos);
    } else if (message instanceof Closed closed) {
      listener.onClosed(closed);
    } else if (message instanceof Waiting waiting) {
      listener.onWaiting(waiting);
    } else if (message instanceof ErrorMessage error) {
      listener.onError(error);
      if (error.fatal()) {
        frames.close(error.code() + ": " + error.text());
      }
    } else if (message instanceof GoAway goAway) {
      listener.onGoAway(goAway);
    } else if (message instanceof Redirect redirect) {
      listener.onRedirect(redirect);
    } else if (message instanceof Ping ping) {
      frames.send(new Pong(ping.nonce(), ping.senderNanos()));
    } else if (message instanceof Pong pong) {
      watch.onPong(pong);
    } else if (message instanceof VocabularyPart part) {
      listener.onVocabularyPart(part);
    } else {
      frames.closeWithError(
          ErrorMessage.fatal(ErrorCode.MALFORMED, message.type() + " must not come now"));
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    // Any bytes count as a sign of life: a long frame may take a slow link several intervals.
    if (watch != null) {
      watch.onRead(System.nanoTime());
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (frames != null) {
      frames.flush();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (frames == null) {
      return;
    }
    frames.onInactive();
    handshake.completeExceptionally(
        new HandshakeLostException(
            server + " closed the connection before WELCOME; check the port"));
    if (watch != null) {
      watch.stop();
      listener.onDisconnected(frames.closeReason());
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!(cause instanceof IOException)) {
      LOG.error("closing the connection to {}", server, cause);
    }
    if (frames != null) {
      frames.close("connection lost: " + cause.getMessage());
    }
  }
}
