package org.sled.device.draft;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Makes work take as long as it would on another machine; for measurements. Sleeps end some tens of
 * microseconds late: what was too much is taken off the next one, so that the mean is right. One
 * thread.
 */
public class Pace {
  /** A delay of the machine, not of the timer, is not made up for beyond this. */
  private static final long MOST_CREDIT_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private long creditNanos;

  /** A pace without credit. */
  public Pace() {}

  /** Now, ns; from any origin. */
  public long nanoTime() {
    return System.nanoTime();
  }

  /**
   * Returns when the work has taken this long.
   *
   * @param startNanos when it began, {@link #nanoTime}
   * @param durationNanos how long it takes
   */
  public void finish(long startNanos, long durationNanos) {
    long end = startNanos + durationNanos - creditNanos;
    long left = end - System.nanoTime();
    while (left > 0) {
      LockSupport.parkNanos(this, left);
      if (Thread.currentThread().isInterrupted()) {
        break; // it is only a delay
      }
      left = end - System.nanoTime();
    }
    creditNanos = Math.min(-left, MOST_CREDIT_NANOS);
  }
}
