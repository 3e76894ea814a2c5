package org.sled.net.channel;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.atomic.AtomicLong;

/** Counts the bytes that a connection reads; first in its pipeline, on its event loop. */
public final class ByteCounter extends ChannelInboundHandlerAdapter {
  private final AtomicLong bytes = new AtomicLong();

  /** Creates a counter at 0. */
  public ByteCounter() {}

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object input) {
    if (input instanceof ByteBuf read) {
      // One writer: no need for an atomic addition.
      bytes.lazySet(bytes.get() + read.readableBytes());
    }
    ctx.fireChannelRead(input);
  }

  /** Bytes so far; any thread. */
  public long bytes() {
    return bytes.get();
  }
}
