package org.sled.server.verify;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.sled.net.protocol.TokensFrame;
import org.sled.net.protocol.VerdictFrame;

/**
 * Small direct buffers for verdicts and tokens that are used over and over. Verifier thread only.
 *
 * <p>Netty's own pool reuses memory, but makes a new object now and then when buffers are freed by
 * another thread. Here a buffer keeps one reference of its own; when the event loop has written it
 * and dropped the other, it is free again.
 */
final class ReplyBuffers implements AutoCloseable {
  /** Tokens of one answer to a push at most: further guesses of a step are hardly ever right. */
  static final int PUSHED_TOKENS = 16;

  /** Fits a VERDICT, and a TOKENS of so many. */
  static final int BYTES = Math.max(VerdictFrame.BYTES, TokensFrame.lengthBytes(PUSHED_TOKENS));

  private final ByteBufAllocator allocator;
  private final ByteBuf[] buffers;
  private int next;

  /**
   * Creates the pool.
   *
   * @param count replies that may be on their way at once before others are made
   */
  ReplyBuffers(ByteBufAllocator allocator, int count) {
    this.allocator = allocator;
    buffers = new ByteBuf[count];
    for (int i = 0; i < count; i++) {
      buffers[i] = allocator.directBuffer(BYTES, BYTES);
    }
  }

  /** An empty buffer; who sends it hands over one reference. */
  ByteBuf take() {
    ByteBuf buffer = buffers[next];
    next = next + 1 == buffers.length ? 0 : next + 1;
    // The oldest is the first to be written. If it is still on its way, its peer reads slowly.
    return buffer.refCnt() == 1 ? buffer.clear().retain() : allocator.directBuffer(BYTES, BYTES);
  }

  @Override
  public void close() {
    for (ByteBuf buffer : buffers) {
      buffer.release();
    }
  }
}
