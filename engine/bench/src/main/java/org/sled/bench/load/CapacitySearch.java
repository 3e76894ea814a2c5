package org.sled.bench.load;

/**
 * Which device count to try next to find the largest one that holds an objective: doubles while it
 * holds, then halves the interval. Assumes that what fails with n devices fails with more. One
 * thread.
 */
public final class CapacitySearch {
  private final int most;
  private int holds;
  private int fails;

  /**
   * A search from 1 on.
   *
   * @param most never tried beyond
   */
  public CapacitySearch(int most) {
    this.most = most;
    fails = most + 1;
  }

  /** The next count to try; 0 when the answer is known. */
  public int next() {
    if (holds + 1 >= fails) {
      return 0;
    }
    boolean noFailureYet = fails == most + 1;
    int candidate = noFailureYet ? Math.max(1, 2 * holds) : (holds + fails) / 2;
    return Math.min(candidate, most);
  }

  /** What came of trying {@link #next}. */
  public void tried(int count, boolean held) {
    if (held) {
      holds = Math.max(holds, count);
    } else {
      fails = Math.min(fails, count);
    }
  }

  /** The largest count that held; 0 if none did. */
  public int capacity() {
    return holds;
  }

  /** Whether even the largest count held: the true capacity may be larger. */
  public boolean isOpenEnded() {
    return holds == most;
  }
}
