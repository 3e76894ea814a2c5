package org.sled.device.link;

import java.time.Duration;

/** Checks the durations of the public interface. */
public final class Timeouts {
  /** Longer is for ever; as a count of ns it fits into a long, with room for sums. */
  private static final Duration LONGEST = Duration.ofDays(36_500);

  private Timeouts() {}

  /**
   * A time that can be waited for.
   *
   * @throws IllegalArgumentException if it is not above 0
   */
  public static Duration of(String name, Duration value) {
    if (value.isZero() || value.isNegative()) {
      throw new IllegalArgumentException(name + " is " + value + ", not above 0");
    }
    return value.compareTo(LONGEST) > 0 ? LONGEST : value;
  }
}
