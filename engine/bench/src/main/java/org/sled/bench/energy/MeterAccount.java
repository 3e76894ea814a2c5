package org.sled.bench.energy;

import java.io.IOException;
import java.util.function.LongSupplier;

/**
 * Sums up one meter over one interval. Pure but for the meter and the clock, which come in as
 * arguments. One thread at a time.
 */
abstract sealed class MeterAccount permits CounterAccount, SampledAccount {
  static final double NANOS_PER_SECOND = 1e9;

  private final EnergyMeter meter;
  private String lostReason; // null: not lost
  private long samples;
  private long firstNanos;
  private long newestNanos;

  MeterAccount(EnergyMeter meter) {
    this.meter = meter;
  }

  static MeterAccount of(EnergyMeter meter) {
    return meter instanceof EnergyCounter counter
        ? new CounterAccount(counter)
        : new SampledAccount((PowerSensor) meter);
  }

  /**
   * Reads the meter, unless it is lost already.
   *
   * @param isBoundary whether this is the first or the last reading, without which the interval is
   *     not covered; between them one may fail
   */
  final void read(LongSupplier nanoTime, boolean isBoundary) {
    if (lostReason != null) {
      return;
    }
    try {
      read(nanoTime);
    } catch (IOException e) {
      failed(e.getMessage(), isBoundary);
    } catch (RuntimeException e) { // of a meter from elsewhere; the others go on
      failed(e.toString(), isBoundary);
    }
  }

  /** Takes one reading, and says so by {@link #taken}, or loses the meter. */
  abstract void read(LongSupplier nanoTime) throws IOException;

  /** A reading failed; loses the meter if it must. */
  abstract void failed(String reason, boolean isBoundary);

  final void taken(long nanos) {
    if (samples == 0) {
      firstNanos = nanos;
    }
    newestNanos = nanos;
    samples++;
  }

  /** The interval is not measured by this meter. The first reason stands. */
  final void lose(String reason) {
    if (lostReason == null) {
      lostReason = reason;
    }
  }

  final EnergyMeter meter() {
    return meter;
  }

  final boolean hasSample() {
    return samples > 0;
  }

  final long newestNanos() {
    return newestNanos;
  }

  final double seconds() {
    return (newestNanos - firstNanos) / NANOS_PER_SECOND;
  }

  /** Why there are no joules; null if there are. */
  final String lostReason() {
    return lostReason;
  }

  /** Energy from the first reading to the newest. */
  abstract double joules();

  final long samples() {
    return samples;
  }

  /** Longest time between two readings; null where it does not matter. */
  Long longestGapNanos() {
    return null;
  }
}
