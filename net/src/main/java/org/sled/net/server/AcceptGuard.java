package org.sled.net.server;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * First in the pipeline of a listening channel: accepts no more sockets than there may be at once,
 * and pauses when accepting fails, as it does when the process has no descriptors left. Whoever
 * connects meanwhile waits in the system's queue.
 */
public final class AcceptGuard extends ChannelInboundHandlerAdapter {
  /** Others close something meanwhile, or do not: then the next attempt fails once more. */
  static final int PAUSE_MILLIS = 500;

  private final int mostOpen;
  private final Consumer<Throwable> onFailure;
  private final AtomicInteger open = new AtomicInteger();
  private volatile boolean full;

  /**
   * Creates the guard of one listening channel.
   *
   * @param mostOpen accepted sockets at once, those included that are being closed
   * @param onFailure is told why accepting failed, on the event loop
   */
  public AcceptGuard(int mostOpen, Consumer<Throwable> onFailure) {
    this.mostOpen = mostOpen;
    this.onFailure = onFailure;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object accepted) {
    Channel socket = (Channel) accepted;
    if (open.incrementAndGet() >= mostOpen) {
      full = true;
      ctx.channel().config().setAutoRead(false);
    }
    var unused =
        socket
            .closeFuture()
            .addListener(
                closed -> {
                  if (open.decrementAndGet() < mostOpen && full) {
                    ctx.executor().execute(() -> goOn(ctx));
                  }
                });
    ctx.fireChannelRead(accepted);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.channel().config().setAutoRead(false);
    full = true;
    onFailure.accept(cause);
    var unused = ctx.executor().schedule(() -> goOn(ctx), PAUSE_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void goOn(ChannelHandlerContext ctx) {
    if (full && open.get() < mostOpen) {
      full = false;
      ctx.channel().config().setAutoRead(true);
    }
  }
}
