package org.sled.bench.energy;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.sled.bench.energy.EnergyReport.Measured;
import org.sled.bench.energy.EnergyReport.Unavailable;

/**
 * The accounts of all meters over one interval, and the report of them: an {@link EnergySession}
 * without its thread. One thread at a time.
 */
final class EnergyAccounts {
  /** Far below the minutes in which a RAPL counter wraps around, and no load by itself. */
  private static final long COUNTER_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** What has shown nothing for so long does not work; over less time it may only be slow. */
  private static final double STILL_SECONDS = 1;

  private final EnergyMeters meters;
  private final long intervalNanos;
  private final LongSupplier nanoTime;
  private final List<MeterAccount> accounts;
  private long startNanos;
  private long countersReadNanos;

  EnergyAccounts(EnergyMeters meters, long intervalNanos, LongSupplier nanoTime) {
    this.meters = meters;
    this.intervalNanos = intervalNanos;
    this.nanoTime = nanoTime;
    this.accounts = meters.meters().stream().map(MeterAccount::of).toList();
  }

  void start() {
    readSensors(true); // first, since they are slow, and their samples carry their own times
    readCounters(true);
    startNanos = nanoTime.getAsLong();
  }

  /** To be called once in each interval between start and stop. */
  void sample() {
    readSensors(false);
    if (nanoTime.getAsLong() - countersReadNanos >= COUNTER_INTERVAL_NANOS) {
      readCounters(false);
    }
  }

  EnergyReport stop() {
    long stopNanos = nanoTime.getAsLong();
    readCounters(true);
    readSensors(true);
    return report((stopNanos - startNanos) / MeterAccount.NANOS_PER_SECOND);
  }

  private void readSensors(boolean isBoundary) {
    for (MeterAccount account : accounts) {
      if (account instanceof SampledAccount) {
        account.read(nanoTime, isBoundary);
      }
    }
  }

  private void readCounters(boolean isBoundary) {
    countersReadNanos = nanoTime.getAsLong();
    for (MeterAccount account : accounts) {
      if (account instanceof CounterAccount) {
        account.read(nanoTime, isBoundary);
      }
    }
  }

  private EnergyReport report(double seconds) {
    List<Measured> measured = new ArrayList<>();
    List<Unavailable> unavailable = new ArrayList<>(meters.unavailable());
    List<String> totalCovers = new ArrayList<>();
    double total = 0;
    boolean isTotalWhole = true;
    for (MeterAccount account : accounts) {
      EnergyMeter meter = account.meter();
      boolean isCounted = meters.counted().contains(meter);
      String reason = account.lostReason();
      boolean isStill = reason == null && meter.scope().alwaysDraws() && account.joules() <= 0;
      if (isStill) {
        reason = stillReason(account);
      }
      if (reason == null) {
        measured.add(measured(account, isCounted));
        if (isCounted) {
          total += account.joules();
          totalCovers.add(meter.covers());
        }
      } else {
        unavailable.add(new Unavailable(meter.source(), reason));
        // One that never works lacks in every run's total alike; one that was lost only in this.
        isTotalWhole &= !isCounted || (isStill && account.seconds() >= STILL_SECONDS);
      }
    }
    boolean hasTotal = isTotalWhole && !totalCovers.isEmpty();
    return new EnergyReport(
        seconds,
        hasTotal ? (Double) total : null,
        hasTotal ? totalCovers : List.of(),
        measured,
        unavailable);
  }

  private static String stillReason(MeterAccount account) {
    return String.format(
        Locale.ROOT,
        "it showed %s J in %.3f s%s",
        account.joules(),
        account.seconds(),
        account.seconds() < STILL_SECONDS ? ", which may be too short for it" : "");
  }

  private Measured measured(MeterAccount account, boolean isCounted) {
    Long gapNanos = account.longestGapNanos();
    boolean isSampled = gapNanos != null;
    return new Measured(
        account.meter().source(),
        account.meter().covers(),
        account.joules(),
        isSampled ? EnergyReport.SAMPLED : EnergyReport.COUNTER,
        account.samples(),
        isSampled ? (Long) TimeUnit.NANOSECONDS.toMillis(intervalNanos) : null,
        isSampled ? (Long) TimeUnit.NANOSECONDS.toMillis(gapNanos) : null,
        isCounted);
  }
}
