package org.sled.net.server;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.sled.net.channel.ByteCounter;
import org.sled.net.channel.FrameChannel;
import org.sled.net.channel.PeerWatch;
import org.sled.net.channel.ReadGate;
import org.sled.net.codec.FrameDecoder;
import org.sled.net.codec.FrameFault;
import org.sled.net.codec.FrameLimits;
import org.sled.net.limit.ReadPace;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.HelloAnswer;
import org.sled.net.protocol.Message;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Ping;
import org.sled.net.protocol.Pong;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.VocabularyRequest;
import org.sled.net.protocol.Welcome;

/** Leads one connection from HELLO to its end, on its event loop. */
final class ServerHandler extends ChannelInboundHandlerAdapter {
  /** Who is turned away for want of memory may find some when others' frames are whole, or late. */
  private static final int PARTIAL_RETRY_MILLIS = 1_000;

  private final ServerOptions options;
  private final ConnectionListener listener;
  private final ByteCounter bytesIn;
  private final FrameDecoder decoder;
  private final Connections connections;
  private final TransportLog log;
  private final ReadPace pace = new ReadPace();

  private FrameChannel frames;
  private ChannelConnection connection;
  private PeerWatch watch;
  private Future<?> handshakeTimer;
  private boolean greeted;
  private boolean welcomed;
  private long framesSeen; // by the pace
  private long bytesSeen;
  private long complaints;

  ServerHandler(
      ServerOptions options,
      ConnectionListener listener,
      ByteCounter bytesIn,
      FrameDecoder decoder,
      Connections connections,
      TransportLog log) {
    this.options = options;
    this.listener = listener;
    this.bytesIn = bytesIn;
    this.decoder = decoder;
    this.connections = connections;
    this.log = log;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    frames = new FrameChannel(ctx.channel(), bytesIn, options.queueBytes(), listener::onAnswered);
    connection = new ChannelConnection(frames);
    if (!connections.add(connection)) {
      listener.onDropped(Drop.CONNECTIONS);
      log.dropped("clients are turned away: " + connections.refusal());
      frames.closeWithError(
          new ErrorMessage(
              0,
              0,
              connections.refusalCode(),
              true,
              connections.retryAfterMillis(),
              connections.refusal()));
      return;
    }
    handshakeTimer =
        ctx.executor()
            .schedule(
                this::onHandshakeTimeout, options.handshakeTimeoutMillis(), TimeUnit.MILLISECONDS);
  }

  private void onHandshakeTimeout() {
    listener.onDropped(Drop.LATE);
    frames.closeWithError(
        ErrorMessage.fatal(
            ErrorCode.IDLE_TIMEOUT, "no HELLO within " + options.handshakeTimeoutMillis() + " ms"));
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object input) {
    long nowNanos = System.nanoTime();
    if (frames.isClosed()) {
      ReferenceCountUtil.release(input);
    } else if (input instanceof FrameFault fault) {
      onFault(fault);
    } else if (!welcomed) {
      onFirst(ctx, input);
    } else if (input instanceof ByteBuf draft) {
      listener.onDraft(connection, draft, nowNanos);
    } else {
      onMessage((Message) input, nowNanos);
    }
  }

  private void onFault(FrameFault fault) {
    int retryMillis = 0;
    if (fault.code() == ErrorCode.BUSY) {
      listener.onDropped(Drop.PARTIAL_FRAMES);
      log.dropped("clients are turned away: " + fault.text());
      retryMillis = PARTIAL_RETRY_MILLIS;
    } else if (fault.code() == ErrorCode.IDLE_TIMEOUT) {
      listener.onDropped(Drop.LATE);
    }
    frames.closeWithError(new ErrorMessage(0, 0, fault.code(), true, retryMillis, fault.text()));
  }

  private void onFirst(ChannelHandlerContext ctx, Object input) {
    if (!(input instanceof Hello hello)) {
      ReferenceCountUtil.release(input);
      frames.closeWithError(ErrorMessage.fatal(ErrorCode.MALFORMED, "HELLO must come first"));
      return;
    }
    int version = Protocol.negotiate(hello.minVersion(), hello.maxVersion());
    if (version == 0) {
      frames.closeWithError(ErrorMessage.fatal(ErrorCode.VERSION, versionsDiffer(hello)));
      return;
    }
    greeted = true;
    HelloAnswer answer = listener.onHello(connection, hello);
    if (answer instanceof Welcome welcome) {
      welcome(ctx, welcome);
    } else if (answer instanceof ErrorMessage error) {
      frames.closeWithError(error);
    }
  }

  private static String versionsDiffer(Hello hello) {
    return "this server speaks protocol "
        + Protocol.MIN_VERSION
        + " to "
        + Protocol.MAX_VERSION
        + ", the client "
        + hello.minVersion()
        + " to "
        + hello.maxVersion();
  }

  private void welcome(ChannelHandlerContext ctx, Welcome welcome) {
    handshakeTimer.cancel(false);
    welcomed = true;
    decoder.setLimits(FrameLimits.after(welcome.limits()));
    frames.setQueueBytes(
        options.queueBytes()
            + (long) ServerOptions.QUEUE_BYTES_PER_SESSION
                * welcome.limits().maxSessionsPerConnection());
    watch = new PeerWatch(frames, ctx.channel().eventLoop(), welcome.pingIntervalMillis());
    connection.watchedBy(watch);
    frames.send(welcome);
    watch.start();
  }

  private void onMessage(Message message, long nowNanos) {
    if (message instanceof Open open) {
      listener.onOpen(connection, open, nowNanos);
    } else if (message instanceof Resume resume) {
      listener.onResume(connection, resume, nowNanos);
    } else if (message instanceof Push push) {
      listener.onPush(connection, push, nowNanos);
    } else if (message instanceof Cancel cancel) {
      listener.onCancel(connection, cancel);
    } else if (message instanceof Close close) {
      listener.onClose(connection, close);
    } else if (message instanceof VocabularyRequest request) {
      listener.onVocabulary(connection, request);
    } else if (message instanceof Ping ping) {
      frames.send(new Pong(ping.nonce(), ping.senderNanos()));
    } else if (message instanceof Pong pong) {
      watch.onPong(pong);
    } else if (message instanceof ErrorMessage error) {
      if (complaints++ == 0) {
        log.complaint(frames.remoteAddress(), error);
      }
    } else {
      frames.closeWithError(
          ErrorMessage.fatal(ErrorCode.MALFORMED, message.type() + " must not come now"));
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    // Any bytes count as a sign of life: a long frame may take a slow link several intervals.
    long nowNanos = System.nanoTime();
    if (watch != null) {
      watch.onRead(nowNanos);
    }
    if (frames != null) {
      keepPace(nowNanos);
      connection.waitForHandlers();
      waitForPeer();
    }
  }

  private void keepPace(long nowNanos) {
    int frameCount = (int) (decoder.framesRead() - framesSeen);
    long byteCount = bytesIn.bytes() - bytesSeen;
    framesSeen += frameCount;
    bytesSeen += byteCount;
    long pauseNanos = pace.read(nowNanos, frameCount, byteCount, connection.sessions());
    if (pauseNanos > 0 && !frames.gate().isClosedFor(ReadGate.Reason.PACE)) {
      frames.gate().close(ReadGate.Reason.PACE);
      var unused =
          frames.schedule(
              () -> frames.gate().open(ReadGate.Reason.PACE),
              TimeUnit.NANOSECONDS.toMillis(pauseNanos) + 1);
    }
  }

  /** Whoever does not take its answers asks for no more of them. */
  private void waitForPeer() {
    if (frames.waitingBytes() <= options.highWaterBytes()) {
      frames.gate().open(ReadGate.Reason.ANSWERS);
    } else {
      frames.flush();
      if (frames.waitingBytes() > options.highWaterBytes()) {
        // The channel takes no more now: when it does, this is looked at again.
        frames.gate().close(ReadGate.Reason.ANSWERS);
      }
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (frames != null) {
      frames.flush();
      waitForPeer();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (frames == null) {
      return;
    }
    frames.onInactive();
    if (handshakeTimer != null) {
      handshakeTimer.cancel(false);
    }
    if (watch != null) {
      watch.stop();
    }
    connections.remove(connection);
    if (complaints > 1) {
      log.furtherComplaints(frames.remoteAddress(), complaints - 1);
    }
    if (greeted) {
      listener.onDisconnected(connection, frames.closeReason());
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof IOException) {
      // Resets and broken pipes are the network's ways of closing.
      if (frames != null) {
        frames.close("connection lost: " + cause.getMessage());
      }
      return;
    }
    log.failure(ctx.channel().remoteAddress(), cause);
    if (frames == null) {
      var unused = ctx.close();
      return;
    }
    frames.closeWithError(ErrorMessage.fatal(ErrorCode.INTERNAL, "internal error"));
  }
}
