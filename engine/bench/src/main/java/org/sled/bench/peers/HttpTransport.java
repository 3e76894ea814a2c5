package org.sled.bench.peers;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.sled.bench.load.BenchDeviceException;
import org.sled.net.channel.EmulatedLink;

/**
 * The event loops that all devices of a load share, as those of {@code ClientTransport} do. Any
 * thread but an event loop.
 */
public final class HttpTransport implements AutoCloseable {
  private static final int CONNECT_TIMEOUT_MILLIS = 10_000;

  private final EventLoopGroup group;

  /** Creates a transport with this many event loops, which are daemon threads. */
  public HttpTransport(int ioThreads) {
    group =
        new MultiThreadIoEventLoopGroup(
            ioThreads, new DefaultThreadFactory("peer-io", true), NioIoHandler.newFactory());
  }

  /**
   * Connects.
   *
   * @param link null for none
   * @param completions stands at the end of the new connection's pipeline, and knows it afterwards
   * @throws BenchDeviceException if nobody answers
   */
  void connect(
      InetSocketAddress server,
      EmulatedLink link,
      TrafficCounter traffic,
      CompletionHandler completions)
      throws InterruptedException {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(group)
            .channel(NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
            .handler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    channel.pipeline().addLast(traffic);
                    if (link != null) {
                      channel.pipeline().addLast(link.newHandler());
                    }
                    channel.pipeline().addLast(new HttpClientCodec(), completions);
                  }
                });
    ChannelFuture connecting = bootstrap.connect(server);
    try {
      connecting.await();
    } catch (InterruptedException e) {
      var unused = connecting.channel().close();
      throw e;
    }
    if (!connecting.isSuccess()) {
      throw new BenchDeviceException(
          "cannot connect to "
              + server
              + ": "
              + connecting.cause().getMessage()
              + "; check that the server still runs",
          connecting.cause());
    }
  }

  /** Closes all connections and ends the event loops; idempotent. */
  @Override
  public void close() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
