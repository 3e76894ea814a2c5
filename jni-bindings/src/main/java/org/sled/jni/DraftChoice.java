package org.sled.jni;

/**
 * The draft model's choice for the next position, a {@code sled_draft_choice} in native memory. One
 * thread at a time; the accessors allocate nothing.
 */
public final class DraftChoice extends NativeBlock {
  static final int SIZE = 32;

  private static final int TOKEN = 0;
  private static final int CACHED = 4;
  private static final int PROBABILITY = 8;
  private static final int MARGIN = 12;
  private static final int ENTROPY = 16;
  private static final int DECODE_NS = 24;

  public DraftChoice() {
    super(SIZE);
  }

  /** The token that was chosen; -1: no logit is a usable number. */
  public int token() {
    return buffer().getInt(TOKEN);
  }

  /** Positions 0 to cached−1 have K/V now. */
  public int cached() {
    return buffer().getInt(CACHED);
  }

  /**
   * Probability of {@link #token} in the distribution that it was drawn from: filtered, at its
   * temperature; at temperature 0 in the softmax at temperature 1.
   */
  public float probability() {
    return buffer().getFloat(PROBABILITY);
  }

  /** Its probability minus that of the likeliest other token. */
  public float margin() {
    return buffer().getFloat(MARGIN);
  }

  /** Entropy of the distribution, in nats. */
  public float entropy() {
    return buffer().getFloat(ENTROPY);
  }

  /** Time in {@code llama_decode}. */
  public long decodeNanos() {
    return buffer().getLong(DECODE_NS);
  }
}
