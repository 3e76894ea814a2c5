package org.sled.net.server;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.sled.net.channel.ByteCounter;
import org.sled.net.codec.FrameDecoder;
import org.sled.net.codec.PartialFrames;
import org.sled.net.limit.ByteBudget;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.GoAway;
import org.sled.net.protocol.Redirect;

/**
 * Listens, and leads connections to a {@link ConnectionListener}. Its methods may be called by any
 * thread but an event loop.
 */
public final class ServerTransport implements AutoCloseable {
  /**
   * Bytes of one read. A block that waits holds its whole read buffer, so large ones would waste
   * memory: 512 of 16 KiB are 8 MiB.
   */
  private static final int MAX_READ_BYTES = 16 * 1024;

  /**
   * What the system may receive of a connection that is not read, and so what a link of 100 ms
   * carries in that time. Linux' own choice would be up to 6 MiB: the end of a connection shows
   * only when all before it is read, which at the pace of a flood of pings takes a minute.
   */
  private static final int RECEIVE_BUFFER_BYTES = 256 * 1024;

  /**
   * Reads of one connection in one turn of its event loop, after which the others have theirs: with
   * Netty's 16 a turn over 400 connections that flood takes 100 MB.
   */
  private static final int READS_PER_TURN = 2;

  /** Sockets beyond the connections: of clients that are told that there is no room. */
  private static final int REFUSALS_AT_ONCE = 16;

  private static final int DRAIN_POLL_MILLIS = 10;

  private final EventLoopGroup group;
  private final Channel acceptor;
  private final Connections connections;
  private final AtomicBoolean closed = new AtomicBoolean();

  private ServerTransport(EventLoopGroup group, Channel acceptor, Connections connections) {
    this.group = group;
    this.acceptor = acceptor;
    this.connections = connections;
  }

  /**
   * Binds and starts to accept.
   *
   * @throws IOException if the address cannot be bound; the text says which and why
   */
  public static ServerTransport start(ServerOptions options, ConnectionListener listener)
      throws IOException {
    Connections connections = new Connections(options.maxConnections());
    TransportLog log = new TransportLog();
    PartialFrames partial =
        new PartialFrames(new ByteBudget(options.partialBytes()), options.slowestPeer());
    EventLoopGroup group =
        new MultiThreadIoEventLoopGroup(
            options.ioThreads(),
            new DefaultThreadFactory("sled-server-io", true),
            NioIoHandler.newFactory());
    startThreads(group);
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER_BYTES) // accepted sockets inherit it
            .childOption(ChannelOption.TCP_NODELAY, true)
            // Said explicitly: read buffers must be direct and have a memory address.
            .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
            .childOption(
                ChannelOption.RECVBUF_ALLOCATOR,
                new AdaptiveRecvByteBufAllocator(512, 2048, MAX_READ_BYTES)
                    .maxMessagesPerRead(READS_PER_TURN))
            .childOption(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(options.highWaterBytes() / 2, options.highWaterBytes()))
            .handler(
                new AcceptGuard(
                    options.maxConnections() + REFUSALS_AT_ONCE,
                    cause -> {
                      listener.onDropped(Drop.DESCRIPTORS);
                      log.dropped(
                          "accepting connections pauses for a moment, again and again: "
                              + cause.getMessage()
                              + "; raise the limit of open files (ulimit -n, or LimitNOFILE)");
                    }))
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    ByteCounter bytesIn = new ByteCounter();
                    FrameDecoder decoder = new FrameDecoder(FrameDecoder.Side.SERVER, partial);
                    channel
                        .pipeline()
                        .addLast(
                            bytesIn,
                            decoder,
                            new ServerHandler(
                                options, listener, bytesIn, decoder, connections, log));
                  }
                });
    ChannelFuture bound = bootstrap.bind(options.host(), options.port()).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      stop(group);
      throw new IOException(
          "cannot listen on "
              + options.host()
              + ":"
              + options.port()
              + ": "
              + bound.cause().getMessage(),
          bound.cause());
    }
    return new ServerTransport(group, bound.channel(), connections);
  }

  /** Now, not with the first connections: then nobody could do anything if the system refuses. */
  private static void startThreads(EventLoopGroup group) throws IOException {
    try {
      group.forEach(eventLoop -> eventLoop.submit(() -> {}).syncUninterruptibly());
    } catch (OutOfMemoryError e) {
      stop(group);
      throw new IOException(
          "the system refuses a thread for connections: " + e.getMessage() + "; see ulimit -u", e);
    }
  }

  /** The address that is listened on, with the port that was chosen for 0. */
  public InetSocketAddress address() {
    return (InetSocketAddress) acceptor.localAddress();
  }

  /** How many connections are open. */
  public int connectionCount() {
    return connections.count();
  }

  /**
   * Takes no new connections, tells every client to leave, and waits until all have left or the
   * grace is over. Call {@link #close} after it.
   *
   * @param next where clients go on with their sessions at once; null: they end here what they can
   * @return whether all have left
   * @throws InterruptedException if the waiting thread is interrupted
   */
  public boolean drain(Duration grace, String text, Redirect next) throws InterruptedException {
    connections.drain();
    acceptor.close().syncUninterruptibly();
    long graceMillis = Math.min(grace.toMillis(), Integer.MAX_VALUE);
    GoAway goAway = new GoAway(ErrorCode.SHUTTING_DOWN, (int) graceMillis, text);
    // Before WELCOME a client expects nothing else.
    connections.forEach(
        connection -> {
          if (connection.isWelcomed()) {
            connection.send(goAway);
            if (next != null) {
              connection.send(next);
            }
          }
        });
    long endNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(graceMillis);
    while (connections.count() > 0 && System.nanoTime() - endNanos < 0) {
      Thread.sleep(DRAIN_POLL_MILLIS);
    }
    return connections.count() == 0;
  }

  /** Stops listening, closes every connection, ends the event loops; idempotent. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    connections.drain();
    acceptor.close().syncUninterruptibly();
    connections.forEach(connection -> connection.close("the server is closed"));
    stop(group);
  }

  private static void stop(EventLoopGroup group) {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
