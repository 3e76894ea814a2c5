package org.sled.net.client;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.sled.net.channel.ByteCounter;
import org.sled.net.channel.EmulatedLink;
import org.sled.net.codec.FrameDecoder;
import org.sled.net.protocol.Hello;

/**
 * Connects to servers. One transport serves any number of connections; its methods may be called by
 * any thread but an event loop.
 */
public final class ClientTransport implements AutoCloseable {
  private final EventLoopGroup group;
  private final EmulatedLink link; // null: the network as it is

  /** Creates a transport with this many event loops, which are daemon threads. */
  public ClientTransport(int ioThreads) {
    this(ioThreads, null);
  }

  /**
   * Creates a transport over slower links than there are.
   *
   * @param ioThreads event loops, which are daemon threads
   * @param link stays the caller's; null for the network as it is
   */
  public ClientTransport(int ioThreads, EmulatedLink link) {
    this.link = link;
    group =
        new MultiThreadIoEventLoopGroup(
            ioThreads, new DefaultThreadFactory("sled-client-io", true), NioIoHandler.newFactory());
  }

  /**
   * Connects and shakes hands.
   *
   * @param timeout for both together
   * @param listener gets the server's frames, perhaps before this method returns
   * @throws ServerUnreachableException if nothing answers there
   * @throws HandshakeLostException if the connection ends before WELCOME
   * @throws HandshakeRefusedException if the server answers with an error
   * @throws ProtocolException if what answers is no SLED server
   * @throws InterruptedException if the waiting thread is interrupted
   */
  public ClientConnection connect(
      String host, int port, Hello hello, Duration timeout, ClientListener listener)
      throws IOException, InterruptedException {
    String server = host + ":" + port;
    int timeoutMillis = (int) Math.min(Math.max(timeout.toMillis(), 1), Integer.MAX_VALUE);
    CompletableFuture<ClientConnection> handshake = new CompletableFuture<>();
    ChannelFuture connecting =
        bootstrap(server, hello, listener, handshake, timeoutMillis).connect(host, port);
    var unused =
        connecting.addListener(
            (ChannelFutureListener)
                done -> {
                  if (!done.isSuccess()) {
                    handshake.completeExceptionally(unreachable(server, host, done.cause()));
                  }
                });
    try {
      return handshake.get(timeoutMillis, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      closeLate(connecting.channel(), handshake);
      throw timedOut(server, timeoutMillis, e);
    } catch (InterruptedException e) {
      closeLate(connecting.channel(), handshake);
      throw e;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
    }
  }

  private Bootstrap bootstrap(
      String server,
      Hello hello,
      ClientListener listener,
      CompletableFuture<ClientConnection> handshake,
      int timeoutMillis) {
    return new Bootstrap()
        .group(group)
        .channel(NioSocketChannel.class)
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, timeoutMillis)
        // Said explicitly: read buffers must be direct and have a memory address.
        .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
        .handler(
            new ChannelInitializer<SocketChannel>() {
              @Override
              protected void initChannel(SocketChannel channel) {
                ByteCounter bytesIn = new ByteCounter();
                FrameDecoder decoder = new FrameDecoder(FrameDecoder.Side.CLIENT);
                if (link != null) {
                  channel.pipeline().addLast(link.newHandler());
                }
                channel
                    .pipeline()
                    .addLast(
                        bytesIn,
                        decoder,
                        new ClientHandler(server, hello, listener, bytesIn, decoder, handshake));
              }
            });
  }

  /** Nobody will ever hold the connection: whatever still becomes of it is closed. */
  private static void closeLate(Channel channel, CompletableFuture<ClientConnection> handshake) {
    handshake.cancel(false);
    var unused = channel.close();
  }

  private static IOException unreachable(String server, String host, Throwable cause) {
    if (cause instanceof UnknownHostException) {
      return new ServerUnreachableException(
          "host " + host + " is unknown; check its spelling and the name service", cause);
    }
    if (cause instanceof ConnectTimeoutException) {
      return new ServerUnreachableException(
          "no answer from " + server + "; check the address, the network and firewalls", cause);
    }
    if (cause instanceof ConnectException) {
      return new ServerUnreachableException(
          "cannot connect to "
              + server
              + ": "
              + cause.getMessage()
              + "; check that the server runs and listens on this port",
          cause);
    }
    return new ServerUnreachableException(
        "cannot connect to " + server + ": " + cause.getMessage(), cause);
  }

  private static IOException timedOut(String server, int timeoutMillis, Throwable cause) {
    return new ServerUnreachableException(
        "no WELCOME from "
            + server
            + " within "
            + timeoutMillis
            + " ms; check the address, the network, and that the server is not overloaded",
        cause);
  }

  /** Closes all connections and ends the event loops; idempotent. */
  @Override
  public void close() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
