package org.sled.net.channel;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Holds the messages of one connection for as long as its {@link EmulatedLink} takes. */
final class LinkHandler extends ChannelDuplexHandler {
  private final EmulatedLink link;
  private final RandomGenerator random;
  private final Direction up = new Direction();
  private final Direction down = new Direction();

  LinkHandler(EmulatedLink link, long seed) {
    this.link = link;
    random = RandomGeneratorFactory.of("SplittableRandom").create(seed);
  }

  /** Something under way; {@code message} is null for an event without bytes, such as a close. */
  private record Held(Object message, long arrivalNanos, Consumer<Object> deliver) {
    void release() {
      ReferenceCountUtil.release(message);
    }
  }

  /** What goes one way. Event loop only. */
  private final class Direction {
    private final Deque<Held> held = new ArrayDeque<>();
    private long freeNanos = System.nanoTime();
    private long lastArrivalNanos = freeNanos;
    private boolean timed;

    void add(ChannelHandlerContext ctx, Object message, Consumer<Object> deliver) {
      int bytes = message instanceof ByteBuf buffer ? buffer.readableBytes() : 0;
      long now = System.nanoTime();
      freeNanos = Math.max(freeNanos, now) + link.transmissionNanos(bytes);
      long jitter = link.jitterNanos() == 0 ? 0 : random.nextLong(link.jitterNanos() + 1);
      // TCP keeps the order.
      lastArrivalNanos = Math.max(lastArrivalNanos, freeNanos + link.oneWayNanos() + jitter);
      held.add(new Held(message, lastArrivalNanos, deliver));
      arm(ctx);
    }

    private void arm(ChannelHandlerContext ctx) {
      if (timed || held.isEmpty()) {
        return;
      }
      timed = true;
      try {
        link.at(held.peek().arrivalNanos(), () -> deliverLater(ctx));
      } catch (RejectedExecutionException e) {
        abandon(); // the link was closed
      }
    }

    /** On the link's timer. */
    private void deliverLater(ChannelHandlerContext ctx) {
      try {
        ctx.executor().execute(() -> deliverDue(ctx));
      } catch (RejectedExecutionException e) {
        // The event loop has ended, and with it the connection.
      }
    }

    private void deliverDue(ChannelHandlerContext ctx) {
      timed = false;
      while (!held.isEmpty() && System.nanoTime() - held.peek().arrivalNanos() >= 0) {
        Held next = held.poll();
        next.deliver().accept(next.message());
      }
      arm(ctx);
    }

    /** Everything that is under way, now. */
    void deliverAll() {
      for (Held next = held.poll(); next != null; next = held.poll()) {
        next.deliver().accept(next.message());
      }
    }

    void abandon() {
      held.forEach(Held::release);
      held.clear();
    }
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    up.add(
        ctx,
        message,
        late -> {
          var unused = ctx.writeAndFlush(late, promise);
        });
  }

  @Override
  public void flush(ChannelHandlerContext ctx) {
    // Each message is flushed when it has arrived.
  }

  /** Our own end does not wait: an event loop that is shut down meanwhile would forget it. */
  @Override
  public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
    up.deliverAll();
    var unused = ctx.close(promise);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    down.add(
        ctx,
        message,
        late -> {
          ctx.fireChannelRead(late);
          ctx.fireChannelReadComplete();
        });
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    // Follows each message when it has arrived.
  }

  /**
   * The peer's end of the stream is a message too: without half-closure Netty would close the
   * channel at once, and what is still under way would be lost with its handlers.
   */
  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      down.add(
          ctx,
          null,
          nothing -> {
            var unused = ctx.close();
          });
    } else if (!(event instanceof ChannelInputShutdownReadComplete)) {
      ctx.fireUserEventTriggered(event);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    up.abandon();
    down.deliverAll(); // a connection that breaks does not wait
    ctx.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    up.abandon();
    down.abandon();
  }
}
