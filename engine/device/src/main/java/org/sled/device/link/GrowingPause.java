package org.sled.device.link;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** The pause before the next attempt: with each that fails twice as long, up to a longest. */
public final class GrowingPause {
  private static final long FIRST_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final long longestNanos;
  private long nanos; // 0: no attempt has failed

  public GrowingPause(long longestNanos) {
    this.longestNanos = longestNanos;
  }

  /** An attempt has failed; returns {@link #nanos}. */
  public long grow() {
    nanos = Math.min(longestNanos, Math.max(FIRST_NANOS, 2 * nanos));
    return nanos;
  }

  /** How long to wait, 0 if no attempt has failed. */
  public long nanos() {
    return nanos;
  }

  /** Half of it at least: so a fleet does not come back at one moment. */
  long randomNanos() {
    return nanos == 0 ? 0 : ThreadLocalRandom.current().nextLong(nanos / 2, nanos);
  }

  /** An attempt has succeeded. */
  public void reset() {
    nanos = 0;
  }
}
