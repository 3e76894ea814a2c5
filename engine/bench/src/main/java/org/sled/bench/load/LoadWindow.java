package org.sled.bench.load;

import java.util.concurrent.TimeUnit;

/**
 * The time that counts: what happens before is warm-up, what is begun afterwards does not exist.
 *
 * @param startNanos {@link System#nanoTime}
 * @param endNanos the same clock; where a number of requests ends the run, far away
 */
public record LoadWindow(long startNanos, long endNanos) {
  /** Longer than any run: 30 days. */
  private static final long FOREVER_NANOS = TimeUnit.DAYS.toNanos(30);

  /** A window that begins after the warm-up; without an end if the duration is 0. */
  static LoadWindow of(long nowNanos, long warmupNanos, long durationNanos) {
    long start = nowNanos + warmupNanos;
    return new LoadWindow(start, start + (durationNanos == 0 ? FOREVER_NANOS : durationNanos));
  }

  /** A window of this beginning, without an end. */
  LoadWindow withoutEnd() {
    return new LoadWindow(startNanos, startNanos + FOREVER_NANOS);
  }

  /** Whether a time is in it. */
  public boolean contains(long nanos) {
    return nanos - startNanos >= 0 && nanos - endNanos < 0;
  }

  /** A window of this beginning, with an end at this time or before. */
  LoadWindow endingBy(long nanos) {
    return nanos - endNanos < 0 ? new LoadWindow(startNanos, nanos) : this;
  }

  /** Its length, s. */
  public double seconds() {
    return (endNanos - startNanos) / 1e9;
  }
}
