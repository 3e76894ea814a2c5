package org.sled.net.protocol;

import io.netty.buffer.ByteBuf;

/**
 * The part that OPENED, VERDICT and TOKENS share: what drafts cost, and the server's times, right
 * after the epoch, at the same offsets in all three. Little-endian.
 *
 * <pre>
 *  16      20      24      28      32        36         39       40
 *  +-------+-------+-------+-------+---------+----------+--------+
 *  | epoch | price | alone | queue | compute | overhead | common |
 *  |  u32  | f32 s | f32 s | u32µs |  u32µs  |  u24µs   |   u8   |
 *  +-------+-------+-------+-------+---------+----------+--------+
 * </pre>
 *
 * <p>Overhead is what the server spent beside queue and compute. It is known only when the frame
 * leaves, so the connection stamps it there ({@link #stampOverhead}).
 */
public final class ServerTimes {
  /** Epoch, u32. */
  public static final int EPOCH_OFFSET = 16;

  /**
   * Seconds that a draft more in each session's block would add to a round as things are, f32; 0:
   * not known.
   */
  public static final int PRICE_OFFSET = 20;

  /**
   * Seconds that each token would take if all sessions left theirs to the server, under PUSH, f32;
   * 0: not known.
   */
  public static final int ALONE_OFFSET = 24;

  /** Time in the queue, u32, µs. */
  public static final int QUEUE_MICROS_OFFSET = 28;

  /** Time in the target, u32, µs. */
  public static final int COMPUTE_MICROS_OFFSET = 32;

  /** The server's remaining time, u24, µs, or {@link #MOST_OVERHEAD_MICROS} for more than that. */
  public static final int OVERHEAD_MICROS_OFFSET = 36;

  /**
   * Drafts that blocks best have all alike, since they are computed together, u8; 0: not said, as
   * for a session that has its steps alone.
   */
  public static final int COMMON_DRAFTS_OFFSET = 39;

  /** Largest overhead, µs. */
  public static final int MOST_OVERHEAD_MICROS = (1 << 24) - 1;

  private static final int NANOS_PER_MICRO = 1_000;

  private ServerTimes() {}

  /**
   * Appends them, behind the frame's header.
   *
   * @param commonDrafts 0 to 255
   * @param overheadMicros 0 where the connection is to stamp it
   */
  public static void write(
      ByteBuf out,
      int epoch,
      float price,
      float alone,
      int commonDrafts,
      int queueMicros,
      int computeMicros,
      int overheadMicros) {
    out.writeIntLE(epoch);
    out.writeFloatLE(price);
    out.writeFloatLE(alone);
    out.writeIntLE(queueMicros);
    out.writeIntLE(computeMicros);
    out.writeMediumLE(overheadMicros);
    out.writeByte(commonDrafts);
  }

  /**
   * Writes the overhead into a frame that is about to be sent: now − decoded − queue − compute.
   *
   * @param frame OPENED, VERDICT or TOKENS, complete
   * @param decodedNanos when the frame that it answers was decoded, {@link System#nanoTime}
   * @param nowNanos the same clock, now
   * @return the overhead, µs
   */
  public static int stampOverhead(ByteBuf frame, long decodedNanos, long nowNanos) {
    int start = frame.readerIndex();
    long micros =
        (nowNanos - decodedNanos) / NANOS_PER_MICRO
            - frame.getIntLE(start + QUEUE_MICROS_OFFSET)
            - frame.getIntLE(start + COMPUTE_MICROS_OFFSET);
    // Clocks of several threads and rounding can put it a little below 0.
    int stamp = (int) Math.min(Math.max(micros, 0), MOST_OVERHEAD_MICROS);
    frame.setMediumLE(start + OVERHEAD_MICROS_OFFSET, stamp);
    return stamp;
  }
}
