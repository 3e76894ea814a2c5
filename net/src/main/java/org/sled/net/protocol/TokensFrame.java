package org.sled.net.protocol;

import io.netty.buffer.ByteBuf;

/**
 * Reads a TOKENS, what the server made alone under a PUSH, where it lies. Little-endian; offsets
 * from the frame's first byte.
 *
 * <pre>
 *  0          header, 16 bytes; round 0
 *  16         epoch, price, alone, queue, compute, overhead, common: {@link ServerTimes}
 *  40       41         42      44         48      52
 *  +--------+----------+-------+----------+-------+---------- - -
 *  | finish | reserved | batch | first    | count | token ids
 *  |   u8   |    u8    | u16   | pos. u32 |  u32  | i32[count]
 *  +--------+----------+-------+----------+-------+---------- - -
 * </pre>
 *
 * <p>Not thread-safe: one thread wraps and reads. It does not own the buffer, allocates nothing,
 * and expects a frame that {@code FrameDecoder} let through: the counts fit the length.
 */
public final class TokensFrame {
  /** {@link FinishReason}, u8. */
  public static final int FINISH_REASON_OFFSET = 40;

  /** Rows of all blocks and prefill chunks in the step, u16. */
  public static final int BATCH_ROWS_OFFSET = 42;

  /** Position of the first token, u32: the committed length before it. */
  public static final int FIRST_POSITION_OFFSET = 44;

  /** Number of tokens, u32; 0: the credit was taken back. */
  public static final int COUNT_OFFSET = 48;

  /** The tokens, i32 each. */
  public static final int IDS_OFFSET = 52;

  private ByteBuf frame;
  private int start;

  /** Creates a flyweight that must be wrapped before it is read. */
  public TokensFrame() {}

  /** Points this flyweight at the frame that starts at the buffer's reader index. */
  public TokensFrame wrap(ByteBuf tokens) {
    frame = tokens;
    start = tokens.readerIndex();
    return this;
  }

  /** The session's id. */
  public int session() {
    return frame.getIntLE(start + FrameHeader.SESSION_OFFSET);
  }

  /** The epoch of the PUSH. */
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

  /** Time that the session waited, µs. */
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

  /** Whether the session is finished with the last of these tokens. */
  public FinishReason finishReason() {
    return FinishReason.byNumber(frame.getUnsignedByte(start + FINISH_REASON_OFFSET));
  }

  /** Rows of all blocks and prefill chunks in the step. */
  public int batchRows() {
    return frame.getUnsignedShortLE(start + BATCH_ROWS_OFFSET);
  }

  /** Position of the first token. */
  public int firstPosition() {
    return frame.getIntLE(start + FIRST_POSITION_OFFSET);
  }

  /** How many tokens there are. */
  public int count() {
    return frame.getIntLE(start + COUNT_OFFSET);
  }

  /** The token at {@code index}, from 0. */
  public int token(int index) {
    return frame.getIntLE(start + IDS_OFFSET + index * Protocol.TOKEN_BYTES);
  }

  /** The frame's length in bytes for this many tokens. */
  public static int lengthBytes(int count) {
    return IDS_OFFSET + count * Protocol.TOKEN_BYTES;
  }

  /**
   * Appends a TOKENS without its token ids; the caller then writes {@code count} of them with
   * {@link ByteBuf#writeIntLE}. The overhead is 0 until the connection stamps it.
   */
  public static void writeHead(
      ByteBuf out,
      int session,
      int epoch,
      float price,
      float alone,
      int commonDrafts,
      int queueMicros,
      int computeMicros,
      FinishReason finishReason,
      int batchRows,
      int firstPosition,
      int count) {
    FrameHeader.write(out, lengthBytes(count), FrameType.TOKENS, session, 0);
    ServerTimes.write(out, epoch, price, alone, commonDrafts, queueMicros, computeMicros, 0);
    out.writeByte(finishReason.number());
    out.writeByte(0);
    out.writeShortLE(batchRows);
    out.writeIntLE(firstPosition);
    out.writeIntLE(count);
  }
}
