package org.sled.jni;

/** What a {@link VerifyEngine}'s device leaves of the rows of logits that it computes. */
public enum ResultRows {
  /**
   * The {@value SledNative#SLED_TOP_ROW} largest logits, for sessions whose sampling needs no
   * others: few bytes cross a GPU's bus. Of equal logits at the end of them, the device chooses.
   */
  LARGEST(SledNative.SLED_ENGINE_TOP_ROWS),
  /** All of them. */
  WHOLE(SledNative.SLED_ENGINE_WHOLE_ROWS);

  private final int flag;

  ResultRows(int flag) {
    this.flag = flag;
  }

  /** Null: whole rows on a CPU, and on a GPU whatever takes less time. */
  static int flagOf(ResultRows wish) {
    return wish == null ? 0 : wish.flag;
  }

  static ResultRows of(int topRow) {
    return topRow == 0 ? WHOLE : LARGEST;
  }
}
