package org.sled.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;
import org.sled.bench.load.Metric;

/** Latencies over percentiles, a curve per metric. */
final class PercentileChart {
  /**
   * Values that must lie beyond a percentile for it to be drawn. The standard error of their number
   * is its square root: with fewer than five it is half of the number and more.
   */
  static final int VALUES_BEYOND = 5;

  private static final int TICKS_PER_HALF_DISTANCE = 8;
  private static final double MICROS_PER_MILLI = 1_000;
  private static final double SMALLEST_MILLIS = 1 / MICROS_PER_MILLI;
  private static final int Y_TICKS = 6;

  private PercentileChart() {}

  /**
   * An objective to be drawn.
   *
   * @param name what it limits
   * @param millis the limit
   */
  record Objective(String name, double millis) {}

  /** A point of a curve. */
  record Point(double percentile, double millis) {}

  /** Whether this many values tell something about a percentile. */
  static boolean isSupported(long values, double percentile) {
    // A hair less than five: 500 × (1 − 0.99) is no whole number in binary.
    return values * (1 - percentile / 100) > VALUES_BEYOND - 1e-6;
  }

  /** The highest percentile that this many values support; 0 if they support none. */
  static double highestSupported(long values) {
    return values <= VALUES_BEYOND ? 0 : 100 * (1 - (double) VALUES_BEYOND / values);
  }

  /** The curve of a histogram in microseconds, up to what its values support. */
  static List<Point> curve(Histogram micros) {
    double end = highestSupported(micros.getTotalCount());
    List<Point> points = new ArrayList<>();
    for (HistogramIterationValue value : micros.percentiles(TICKS_PER_HALF_DISTANCE)) {
      double percentile = value.getPercentileLevelIteratedTo();
      if (percentile < end) {
        points.add(new Point(percentile, millis(value.getValueIteratedTo())));
      }
    }
    if (end > 0) {
      points.add(new Point(end, millis(micros.getValueAtPercentile(end))));
    }
    return points;
  }

  private static double millis(long micros) {
    return Math.max(micros / MICROS_PER_MILLI, SMALLEST_MILLIS);
  }

  private static boolean canDraw(Metric metric, Map<Metric, Histogram> totals) {
    Histogram micros = totals.get(metric);
    return micros != null && micros.getTotalCount() > VALUES_BEYOND;
  }

  /** Whether at least one of these has enough values. */
  static boolean canDraw(List<Metric> metrics, Map<Metric, Histogram> totals) {
    return metrics.stream().anyMatch(metric -> canDraw(metric, totals));
  }

  /** Draws those metrics that have enough values; at least one must. */
  static void draw(
      Html html,
      String title,
      List<Metric> metrics,
      Map<Metric, Histogram> totals,
      List<Objective> objectives) {
    List<Metric> drawn = metrics.stream().filter(metric -> canDraw(metric, totals)).toList();
    List<Point> all = drawn.stream().flatMap(metric -> curve(totals.get(metric)).stream()).toList();
    OptionalDouble low = all.stream().mapToDouble(Point::millis).min();
    OptionalDouble high = all.stream().mapToDouble(Point::millis).max();
    double percentile = all.stream().mapToDouble(Point::percentile).max().orElse(0);
    Scale y = Scale.fitting(low.orElse(0), high.orElse(1), Y_TICKS);
    Plot plot = new Plot(html, Scale.ninesTo(percentile), y, title);
    plot.axes("percentile, %", y.kind() == Scale.Kind.LOG ? "ms, logarithmic" : "ms");
    List<Plot.Legend> legend = new ArrayList<>();
    drawn.forEach(metric -> legend.add(new Plot.Legend(metric.tag(), name(metric))));
    for (Objective objective : objectives) {
      if (objective.millis() >= y.low() && objective.millis() <= y.high()) {
        plot.reference(objective.millis());
        String limit = Format.unit(Format.tick(objective.millis()), "ms");
        legend.add(Plot.Legend.reference(objective.name() + " ≤ " + limit));
      }
    }
    plot.legend(legend);
    drawn.forEach(metric -> curve(plot, metric, totals.get(metric)));
    plot.close();
  }

  private static void curve(Plot plot, Metric metric, Histogram micros) {
    StringBuilder path = new StringBuilder();
    for (Point point : curve(micros)) {
      path.append(path.isEmpty() ? 'M' : 'L').append(Format.pixels(plot.x(point.percentile())));
      path.append(' ').append(Format.pixels(plot.y(point.millis())));
    }
    plot.path("line " + metric.tag(), path);
    for (Scale.Tick tick : Scale.ninesTo(highestSupported(micros.getTotalCount())).ticks()) {
      if (tick.value() > 0 && isSupported(micros.getTotalCount(), tick.value())) {
        double millis = millis(micros.getValueAtPercentile(tick.value()));
        plot.mark(
            "mark " + metric.tag(),
            plot.x(tick.value()),
            plot.y(millis),
            name(metric) + ", p" + tick.label() + ": " + Format.unit(Format.number(millis), "ms"));
      }
    }
  }

  /** The short name of a metric. */
  static String name(Metric metric) {
    return switch (metric) {
      case TTFT -> "TTFT";
      case TPOT -> "TPOT";
      case ITL -> "ITL";
      case E2E -> "E2E";
      default -> metric.title();
    };
  }
}
