package org.sled.net.limit;

/**
 * Decides which of the log lines of one kind are written, so that no peer can fill a disk with
 * them: at most so many in a period, the others are counted. Any thread may use it.
 */
public final class LogLimit {
  /** {@link #admit} says: do not write this one. */
  public static final long LEFT_OUT = -1;

  private final int mostLines;
  private final long periodNanos;
  private long periodStartNanos;
  private int lines;
  private long leftOut;
  private boolean started;

  /** Lines of a kind: so many in each period at most. */
  public LogLimit(int mostLines, long periodNanos) {
    this.mostLines = mostLines;
    this.periodNanos = periodNanos;
  }

  /**
   * Asks for a line that somebody wants to write now.
   *
   * @param nowNanos on the clock of {@link System#nanoTime}
   * @return {@link #LEFT_OUT}, or how many were left out since the last one that was written
   */
  public synchronized long admit(long nowNanos) {
    if (!started || nowNanos - periodStartNanos >= periodNanos) {
      started = true;
      periodStartNanos = nowNanos;
      lines = 0;
    }
    if (lines == mostLines) {
      leftOut++;
      return LEFT_OUT;
    }
    lines++;
    long result = leftOut;
    leftOut = 0;
    return result;
  }

  /** What to append to a line before which others were left out: nothing if there were none. */
  public static String more(long leftOut) {
    return leftOut == 0 ? "" : " (" + leftOut + " more like this were not logged)";
  }
}
