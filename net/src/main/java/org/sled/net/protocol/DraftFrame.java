package org.sled.net.protocol;

import io.netty.buffer.ByteBuf;

/**
 * Reads a DRAFT, one block, where it lies. Little-endian; offsets from the frame's first byte.
 *
 * <pre>
 *  0          header, 16 bytes; round &gt; 0, increasing within the epoch
 *  16      20         24            28       32       36       40
 *  +-------+----------+-------------+--------+--------+--------+---------- - -
 *  | epoch | KV offset| predecessor | slack  | count  | parent | draft ids
 *  |  u32  |   u32    |  round u32  | u32 µs |  u32   |  i32   | i32[count]
 *  +-------+----------+-------------+--------+--------+--------+---------- - -
 * </pre>
 *
 * <p>The parent stands right before the drafts: together they are the rows of the block, in order,
 * so that native code needs one address ({@link #rowsAddress}).
 *
 * <p>Not thread-safe: one thread wraps and reads. It does not own the buffer, allocates nothing,
 * and expects a frame that {@code FrameDecoder} let through: the counts fit the length.
 */
public final class DraftFrame {
  /** Epoch of the session, u32. */
  public static final int EPOCH_OFFSET = 16;

  /** Position at which the block's rows start: the parent's, u32. */
  public static final int KV_OFFSET_OFFSET = 20;

  /** Round that this block builds on while its verdict is open, u32, 0 for none. */
  public static final int PREDECESSOR_ROUND_OFFSET = 24;

  /** Time until the device runs out of text to show, u32, µs, 0 for not said. */
  public static final int PLAYBACK_SLACK_MICROS_OFFSET = 28;

  /** Number of drafts, u32. */
  public static final int DRAFT_COUNT_OFFSET = 32;

  /** The token at the KV offset, i32. */
  public static final int PARENT_TOKEN_OFFSET = 36;

  /** The drafts, i32 each. */
  public static final int DRAFT_IDS_OFFSET = 40;

  private ByteBuf frame;
  private int start;

  /** Creates a flyweight that must be wrapped before it is read. */
  public DraftFrame() {}

  /** Points this flyweight at the frame that starts at the buffer's reader index. */
  public DraftFrame wrap(ByteBuf draft) {
    frame = draft;
    start = draft.readerIndex();
    return this;
  }

  /** The session's id. */
  public int session() {
    return frame.getIntLE(start + FrameHeader.SESSION_OFFSET);
  }

  /** The round, above 0. */
  public int round() {
    return frame.getIntLE(start + FrameHeader.ROUND_OFFSET);
  }

  /** The epoch that the device believes in. */
  public int epoch() {
    return frame.getIntLE(start + EPOCH_OFFSET);
  }

  /** The parent's position. */
  public int kvOffset() {
    return frame.getIntLE(start + KV_OFFSET_OFFSET);
  }

  /** The round that must be fully accepted for this block to count, or 0. */
  public int predecessorRound() {
    return frame.getIntLE(start + PREDECESSOR_ROUND_OFFSET);
  }

  /** Time until the device runs out of text to show, µs, or 0 for not said. */
  public int playbackSlackMicros() {
    return frame.getIntLE(start + PLAYBACK_SLACK_MICROS_OFFSET);
  }

  /** How many drafts follow the parent. */
  public int draftCount() {
    return frame.getIntLE(start + DRAFT_COUNT_OFFSET);
  }

  /** The token at the KV offset. */
  public int parentToken() {
    return frame.getIntLE(start + PARENT_TOKEN_OFFSET);
  }

  /** The draft at {@code index}, from 0. */
  public int draft(int index) {
    return frame.getIntLE(start + DRAFT_IDS_OFFSET + index * Protocol.TOKEN_BYTES);
  }

  /**
   * The memory address of the parent, after which the drafts follow; 4-byte aligned, and valid as
   * long as the frame is retained.
   */
  public long rowsAddress() {
    return frame.memoryAddress() + start + PARENT_TOKEN_OFFSET;
  }

  /** The frame's length in bytes for this many drafts. */
  public static int lengthBytes(int draftCount) {
    return DRAFT_IDS_OFFSET + draftCount * Protocol.TOKEN_BYTES;
  }

  /**
   * Appends a DRAFT without its draft ids; the caller then writes {@code draftCount} of them with
   * {@link ByteBuf#writeIntLE}.
   */
  public static void writeHead(
      ByteBuf out,
      int session,
      int round,
      int epoch,
      int kvOffset,
      int predecessorRound,
      int playbackSlackMicros,
      int draftCount,
      int parentToken) {
    FrameHeader.write(out, lengthBytes(draftCount), FrameType.DRAFT, session, round);
    out.writeIntLE(epoch);
    out.writeIntLE(kvOffset);
    out.writeIntLE(predecessorRound);
    out.writeIntLE(playbackSlackMicros);
    out.writeIntLE(draftCount);
    out.writeIntLE(parentToken);
  }
}
