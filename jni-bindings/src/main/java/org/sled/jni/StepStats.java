package org.sled.jni;

/**
 * What a step cost, a {@code sled_step_stats} in native memory. One thread at a time; the accessors
 * allocate nothing.
 */
public final class StepStats extends NativeBlock {
  static final int SIZE = 40;

  private static final int DECODE_NS = 0;
  private static final int SAMPLING_NS = 8;
  private static final int TOTAL_NS = 16;
  private static final int PASSES = 24;
  private static final int ROWS = 28;
  private static final int USEFUL_ROWS = 32;
  private static final int SLOTS = 36;

  public StepStats() {
    super(SIZE);
  }

  /** Time in {@code llama_decode}. */
  public long decodeNanos() {
    return buffer().getLong(DECODE_NS);
  }

  /** Time for choosing tokens from logits and for acceptance. */
  public long samplingNanos() {
    return buffer().getLong(SAMPLING_NS);
  }

  /** Decoding and choosing. */
  public long computeNanos() {
    return decodeNanos() + samplingNanos();
  }

  /** The whole native call. */
  public long totalNanos() {
    return buffer().getLong(TOTAL_NS);
  }

  /** Passes over the weights (micro-batches). */
  public int passes() {
    return buffer().getInt(PASSES);
  }

  /** Rows computed, padding included, even of sequences without a slot. */
  public int rows() {
    return buffer().getInt(ROWS);
  }

  /** Rows without padding. */
  public int usefulRows() {
    return buffer().getInt(USEFUL_ROWS);
  }

  /** Slots that took part. */
  public int slots() {
    return buffer().getInt(SLOTS);
  }

  /** Writes them as a step would: for targets that are scripted. */
  public void script(int passes, int rows, int usefulRows, int slots, long computeNanos) {
    buffer().putLong(DECODE_NS, computeNanos);
    buffer().putInt(PASSES, passes);
    buffer().putInt(ROWS, rows);
    buffer().putInt(USEFUL_ROWS, usefulRows);
    buffer().putInt(SLOTS, slots);
  }
}
