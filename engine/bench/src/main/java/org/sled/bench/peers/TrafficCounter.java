package org.sled.bench.peers;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the bytes that a device's connections read and write; first in their pipelines, so nearest
 * to the socket.
 */
@Sharable
final class TrafficCounter extends ChannelDuplexHandler {
  private final AtomicLong up = new AtomicLong();
  private final AtomicLong down = new AtomicLong();

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof ByteBuf read) {
      down.addAndGet(read.readableBytes());
    }
    ctx.fireChannelRead(message);
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (message instanceof ByteBuf written) {
      up.addAndGet(written.readableBytes());
    }
    var unused = ctx.write(message, promise);
  }

  /** Bytes written so far; any thread. */
  long up() {
    return up.get();
  }

  /** Bytes read so far; any thread. */
  long down() {
    return down.get();
  }
}
