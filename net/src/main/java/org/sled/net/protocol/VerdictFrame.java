package org.sled.net.protocol;

import io.netty.buffer.ByteBuf;

/**
 * Reads a VERDICT, the answer to one block, where it lies. Little-endian; offsets from the frame's
 * first byte; 56 bytes.
 *
 * <pre>
 *  0          header, 16 bytes; session and round of the block
 *  16         epoch, price, alone, queue, compute, overhead, common: {@link ServerTimes}
 *  40       41       42      44         46         48      52          56
 *  +--------+--------+-------+----------+----------+-------+-----------+
 *  | status | finish | batch | verified | accepted | next  | committed |
 *  |   u8   |   u8   | u16   |   u16    |   u16    | i32   | length u32|
 *  +--------+--------+-------+----------+----------+-------+-----------+
 * </pre>
 *
 * <p>VERIFIED and REPEATED always bring a next token, and committed length = KV offset + accepted +
 * 2. When the generation ends within the block, its last token is the next token, even if a draft
 * had guessed it. STALE brings none: the committed length is the session's.
 *
 * <p>Not thread-safe: one thread wraps and reads. It does not own the buffer and allocates nothing.
 */
public final class VerdictFrame {
  /** {@link VerdictStatus}, u8. */
  public static final int STATUS_OFFSET = 40;

  /** {@link FinishReason}, u8. */
  public static final int FINISH_REASON_OFFSET = 41;

  /** Rows of all blocks and prefill chunks in the step, u16, 0 when there was none. */
  public static final int BATCH_ROWS_OFFSET = 42;

  /** Drafts that the target looked at, u16. */
  public static final int VERIFIED_OFFSET = 44;

  /** Drafts that match, u16. */
  public static final int ACCEPTED_OFFSET = 46;

  /** The token after the accepted ones, i32, {@link Protocol#NO_TOKEN} in STALE. */
  public static final int NEXT_TOKEN_OFFSET = 48;

  /** Committed tokens with this verdict, u32. */
  public static final int COMMITTED_LENGTH_OFFSET = 52;

  /** Length of the whole frame. */
  public static final int BYTES = 56;

  private ByteBuf frame;
  private int start;

  /** Creates a flyweight that must be wrapped before it is read. */
  public VerdictFrame() {}

  /** Points this flyweight at the frame that starts at the buffer's reader index. */
  public VerdictFrame wrap(ByteBuf verdict) {
    frame = verdict;
    start = verdict.readerIndex();
    return this;
  }

  /** The session's id. */
  public int session() {
    return frame.getIntLE(start + FrameHeader.SESSION_OFFSET);
  }

  /** The round of the block. */
  public int round() {
    return frame.getIntLE(start + FrameHeader.ROUND_OFFSET);
  }

  /** The epoch of the block. */
  public int epoch() {
    return frame.getIntLE(start + ServerTimes.EPOCH_OFFSET);
  }

  /** Seconds that a draft more in each session's block would add to a round; 0: not known. */
  public float price() {
    return frame.getFloatLE(start + ServerTimes.PRICE_OFFSET);
  }

  /** Seconds that each token would take if nobody drafted; 0: not known. */
  public float alone() {
    return frame.getFloatLE(start + ServerTimes.ALONE_OFFSET);
  }

  /** Drafts that blocks best have all alike; 0: not said. */
  public int commonDrafts() {
    return frame.getUnsignedByte(start + ServerTimes.COMMON_DRAFTS_OFFSET);
  }

  /** Time that the block waited, µs. */
  public int queueMicros() {
    return frame.getIntLE(start + ServerTimes.QUEUE_MICROS_OFFSET);
  }

  /** Time of the step, µs. */
  public int computeMicros() {
    return frame.getIntLE(start + ServerTimes.COMPUTE_MICROS_OFFSET);
  }

  /** The server's remaining time, µs. */
  public int overheadMicros() {
    return frame.getUnsignedMediumLE(start + ServerTimes.OVERHEAD_MICROS_OFFSET);
  }

  /** What became of the block. */
  public VerdictStatus status() {
    return VerdictStatus.byNumber(frame.getUnsignedByte(start + STATUS_OFFSET));
  }

  /** Whether the session is finished with the committed tokens of this verdict. */
  public FinishReason finishReason() {
    return FinishReason.byNumber(frame.getUnsignedByte(start + FINISH_REASON_OFFSET));
  }

  /** Rows of all blocks and prefill chunks in the step. */
  public int batchRows() {
    return frame.getUnsignedShortLE(start + BATCH_ROWS_OFFSET);
  }

  /** Drafts that the target looked at. */
  public int verified() {
    return frame.getUnsignedShortLE(start + VERIFIED_OFFSET);
  }

  /** Drafts that match. */
  public int accepted() {
    return frame.getUnsignedShortLE(start + ACCEPTED_OFFSET);
  }

  /** The token after the accepted ones. */
  public int nextToken() {
    return frame.getIntLE(start + NEXT_TOKEN_OFFSET);
  }

  /** Committed tokens with this verdict. */
  public int committedLength() {
    return frame.getIntLE(start + COMMITTED_LENGTH_OFFSET);
  }

  /** Appends a VERDICT; the overhead is 0 until the connection stamps it. */
  public static void write(
      ByteBuf out,
      int session,
      int round,
      int epoch,
      float price,
      float alone,
      int commonDrafts,
      int queueMicros,
      int computeMicros,
      VerdictStatus status,
      FinishReason finishReason,
      int batchRows,
      int verified,
      int accepted,
      int nextToken,
      int committedLength) {
    FrameHeader.write(out, BYTES, FrameType.VERDICT, session, round);
    ServerTimes.write(out, epoch, price, alone, commonDrafts, queueMicros, computeMicros, 0);
    out.writeByte(status.number());
    out.writeByte(finishReason.number());
    out.writeShortLE(batchRows);
    out.writeShortLE(verified);
    out.writeShortLE(accepted);
    out.writeIntLE(nextToken);
    out.writeIntLE(committedLength);
  }
}
