package org.sled.bench.report;

import java.util.ArrayList;
import java.util.List;

/**
 * Where a value stands on an axis.
 *
 * @param kind how values are spread
 * @param low the value at the beginning
 * @param high the value at the end
 * @param ticks what is written along the axis
 */
record Scale(Kind kind, double low, double high, List<Tick> ticks) {
  /** From here on the small values of a linear axis would be one line with its bottom. */
  private static final double LOG_FROM_RATIO = 20;

  /** Over more than this, 1-2-5 steps stand too close. */
  private static final double DECADES_FROM_RATIO = 2_000;

  private static final double[] NICE = {1, 2, 5, 10};

  /** A round-off in {@code 3 * 0.1} must not cost the last tick. */
  private static final double TOLERANCE = 1e-9;

  /** How values are spread. */
  enum Kind {
    /** Evenly. */
    LINEAR,
    /** By their logarithm. */
    LOG,
    /** Percentiles: each further nine takes as much room as the one before. */
    NINES
  }

  /** A mark on the axis. */
  record Tick(double value, String label) {}

  /** The share of the axis in front of a value, 0 to 1; what lies beyond the ends stands there. */
  double fraction(double value) {
    double from = spread(low);
    double to = spread(high);
    double fraction = (spread(Math.min(Math.max(value, low), high)) - from) / (to - from);
    return Double.isFinite(fraction) ? fraction : 0;
  }

  private double spread(double value) {
    return switch (kind) {
      case LINEAR -> value;
      case LOG -> Math.log10(value);
      case NINES -> nines(value);
    };
  }

  /** 0 for 0 %, 1 for 90 %, 2 for 99 %, and so on. */
  static double nines(double percentile) {
    return -Math.log10(1 - percentile / 100);
  }

  /** From 0 to at least {@code high}, ending at a tick. */
  static Scale linear(double high, int maxTicks) {
    double step = step(high, maxTicks);
    double end = step * Math.max(1, Math.ceil(high / step - TOLERANCE));
    return new Scale(Kind.LINEAR, 0, end, steps(end, step));
  }

  /** From 0 to {@code high} exactly, for time. */
  static Scale span(double high, int maxTicks) {
    return new Scale(Kind.LINEAR, 0, high, steps(high, step(high, maxTicks)));
  }

  /** Over {@code low} to {@code high}: linear from 0, or logarithmic if they are far apart. */
  static Scale fitting(double low, double high, int maxTicks) {
    return low > 0 && high / low > LOG_FROM_RATIO ? log(low, high) : linear(high, maxTicks);
  }

  /** From below {@code low} to above {@code high}, both more than 0. */
  static Scale log(double low, double high) {
    boolean byDecades = high / low > DECADES_FROM_RATIO;
    double[] digits = byDecades ? new double[] {1, 10} : NICE;
    List<Tick> ticks = new ArrayList<>();
    double decade = Math.pow(10, Math.floor(Math.log10(low)));
    while (ticks.isEmpty() || ticks.get(ticks.size() - 1).value() < high * (1 - TOLERANCE)) {
      for (int i = 0; i < digits.length - 1; i++) {
        double value = decade * digits[i];
        boolean isBelowAll = decade * digits[i + 1] <= low * (1 + TOLERANCE);
        boolean isDone = !ticks.isEmpty() && ticks.get(ticks.size() - 1).value() >= high;
        if (!isBelowAll && !isDone) {
          ticks.add(new Tick(value, Format.tick(value)));
        }
      }
      decade *= 10;
    }
    if (ticks.size() == 1) { // one value, and a round one
      double end = ticks.get(0).value() * 10;
      ticks.add(new Tick(end, Format.tick(end)));
    }
    return new Scale(
        Kind.LOG, ticks.get(0).value(), ticks.get(ticks.size() - 1).value(), List.copyOf(ticks));
  }

  /** Percentiles from 0 to {@code high}, below 100; at least to 90. */
  static Scale ninesTo(double high) {
    double end = Math.max(90, high);
    List<Tick> ticks = new ArrayList<>();
    ticks.add(new Tick(0, "0"));
    ticks.add(new Tick(50, "50"));
    StringBuilder label = new StringBuilder("9");
    for (double rest = 10; 100 - rest <= end + TOLERANCE; rest /= 10) {
      // Written by hand: 100 - 0.001 would show its round-off.
      ticks.add(new Tick(100 - rest, rest == 10 ? "90" : label.toString()));
      label.append(label.length() == 2 ? ".9" : "9");
    }
    return new Scale(Kind.NINES, 0, end, List.copyOf(ticks));
  }

  private static double step(double high, int maxTicks) {
    if (!(high > 0)) {
      return 1;
    }
    double decade = Math.pow(10, Math.floor(Math.log10(high / maxTicks)));
    for (double nice : NICE) {
      if (high / (decade * nice) <= maxTicks + TOLERANCE) {
        return decade * nice;
      }
    }
    return decade * 10;
  }

  private static List<Tick> steps(double high, double step) {
    List<Tick> ticks = new ArrayList<>();
    for (int i = 0; i * step <= high * (1 + TOLERANCE); i++) {
      ticks.add(new Tick(i * step, Format.tick(i * step)));
    }
    return List.copyOf(ticks);
  }
}
