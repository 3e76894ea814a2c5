package org.sled.bench.energy;

import java.io.IOException;
import java.util.function.LongSupplier;

/** Integrates power over time by the trapezoid rule. */
final class SampledAccount extends MeterAccount {
  /**
   * So many failures in a row, and the meter is lost; a bus that is busy now and then is not. At
   * 100 ms this is one second.
   */
  static final int MAX_FAILURES = 10;

  private final PowerSensor sensor;
  private double newestWatts;
  private double joules;
  private long longestGapNanos;
  private int failures;

  SampledAccount(PowerSensor sensor) {
    super(sensor);
    this.sensor = sensor;
  }

  @Override
  void read(LongSupplier nanoTime) throws IOException {
    double watts = sensor.reading().watts();
    long nanos = nanoTime.getAsLong();
    if (!Double.isFinite(watts)) {
      throw new IOException("it reads " + watts + " W");
    }
    if (hasSample()) {
      long gapNanos = nanos - newestNanos();
      joules += (newestWatts + watts) / 2 * (gapNanos / NANOS_PER_SECOND);
      longestGapNanos = Math.max(longestGapNanos, gapNanos);
    }
    newestWatts = watts;
    failures = 0;
    taken(nanos);
  }

  @Override
  void failed(String reason, boolean isBoundary) {
    failures++;
    if (isBoundary || failures >= MAX_FAILURES) {
      lose(reason);
    }
  }

  @Override
  double joules() {
    return joules;
  }

  @Override
  Long longestGapNanos() {
    return longestGapNanos;
  }
}
