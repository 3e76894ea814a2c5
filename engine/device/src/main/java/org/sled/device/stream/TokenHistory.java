package org.sled.device.stream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.TokenIds;

/**
 * A generation's token ids off the Java heap: the committed ones, and behind them the drafts of the
 * block at work. Native code reads them where they lie, and a DRAFT frame is copied from here,
 * since the parent stands right before the drafts; what gets accepted is already in place.
 *
 * <p>Belongs to the draft thread. Must be released.
 */
public final class TokenHistory {
  private final ByteBuf ids;
  private int committedLength;

  public TokenHistory(ByteBufAllocator allocator, TokenIds prompt, int expectedTokens) {
    ids = allocator.directBuffer(Math.max(expectedTokens, prompt.count()) * Protocol.TOKEN_BYTES);
    for (int i = 0; i < prompt.count(); i++) {
      put(i, prompt.id(i));
    }
    committedLength = prompt.count();
  }

  /** C: tokens from 0 to below this are committed. */
  public int committedLength() {
    return committedLength;
  }

  /** Commits what was put at the positions up to, not including, this one. */
  public void commitTo(int newCommittedLength) {
    committedLength = newCommittedLength;
  }

  /**
   * Writes a token at or behind C.
   *
   * @param position counts from 0, the prompt's first token
   */
  public void put(int position, int token) {
    int end = (position + 1) * Protocol.TOKEN_BYTES;
    if (end > ids.capacity()) {
      ids.capacity(Math.max(end, 2 * ids.capacity()));
    }
    ids.setIntLE(position * Protocol.TOKEN_BYTES, token);
  }

  /** The token at this position. */
  public int get(int position) {
    return ids.getIntLE(position * Protocol.TOKEN_BYTES);
  }

  /** Where the token at this position lies; valid until the next {@link #put}. */
  public long address(int position) {
    return ids.memoryAddress() + (long) position * Protocol.TOKEN_BYTES;
  }

  /** Appends tokens to a frame. */
  public void copyTo(ByteBuf out, int position, int count) {
    out.writeBytes(ids, position * Protocol.TOKEN_BYTES, count * Protocol.TOKEN_BYTES);
  }

  public void release() {
    ids.release();
  }
}
