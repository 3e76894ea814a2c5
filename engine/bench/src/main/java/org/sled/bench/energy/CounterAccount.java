package org.sled.bench.energy;

import java.io.IOException;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Sums up the steps of an energy counter. It has to be read now and then also between start and
 * stop: the smallest RAPL counters wrap around after 65 kJ, which a large processor uses in
 * minutes.
 */
final class CounterAccount extends MeterAccount {
  /**
   * No meter of one machine shows more. A step backward that would mean more, if it were a wrap, is
   * a counter that started anew, as after the machine slept.
   */
  private static final double MAX_WATTS = 10_000;

  /** Counters move in steps, so that a step over less time says nothing of power. */
  private static final double MIN_SECONDS = 0.1;

  private static final double JOULES_PER_MICROJOULE = 1e-6;

  private final EnergyCounter counter;
  private long newestMicrojoules;
  private long sumMicrojoules;

  CounterAccount(EnergyCounter counter) {
    super(counter);
    this.counter = counter;
  }

  @Override
  void read(LongSupplier nanoTime) throws IOException {
    long microjoules = counter.reading().microjoules();
    long nanos = nanoTime.getAsLong();
    if (hasSample()) {
      long step = microjoules - newestMicrojoules;
      if (step < 0) {
        step += counter.rangeMicrojoules();
        double seconds = Math.max(MIN_SECONDS, (nanos - newestNanos()) / NANOS_PER_SECOND);
        if (step < 0 || step * JOULES_PER_MICROJOULE / seconds > MAX_WATTS) {
          lose(
              String.format(
                  Locale.ROOT,
                  "its counter went backward, from %d to %d µJ",
                  newestMicrojoules,
                  microjoules));
          return;
        }
      }
      sumMicrojoules += step;
    }
    newestMicrojoules = microjoules;
    taken(nanos);
  }

  /** Between start and stop nothing is lost, unless it wraps meanwhile: the next reading counts. */
  @Override
  void failed(String reason, boolean isBoundary) {
    if (isBoundary) {
      lose(reason);
    }
  }

  @Override
  double joules() {
    return sumMicrojoules * JOULES_PER_MICROJOULE;
  }
}
