package org.sled.bench.report;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.sled.bench.load.IntervalSink;
import org.sled.bench.load.Metric;

/**
 * Keeps what one run records: the slices for {@code .hlog}, their sums for percentiles, and the
 * throughput over time. Filled by one thread; read when the run is over.
 */
public final class RunRecord implements IntervalSink {
  private static final int SIGNIFICANT_DIGITS = 3;

  private final List<Slice> slices = new ArrayList<>();
  private final Map<Metric, Histogram> totals = new EnumMap<>(Metric.class);

  /** One slice of the run: of a second, if the machine kept up. */
  record Slice(
      double startSeconds,
      double endSeconds,
      List<Histogram> histograms,
      long tokens,
      int activeRequests) {}

  /** A record of nothing yet. */
  public RunRecord() {
    for (Metric metric : Metric.values()) {
      Histogram total = new Histogram(SIGNIFICANT_DIGITS);
      total.setTag(metric.tag());
      totals.put(metric, total);
    }
  }

  @Override
  public void interval(
      long startNanos,
      long endNanos,
      Map<Metric, Histogram> histograms,
      long tokens,
      int activeRequests) {
    List<Histogram> kept = new ArrayList<>();
    histograms.forEach(
        (metric, histogram) -> {
          if (histogram.getTotalCount() > 0) {
            totals.get(metric).add(histogram);
            kept.add(histogram);
          }
        });
    slices.add(new Slice(startNanos / 1e9, endNanos / 1e9, kept, tokens, activeRequests));
  }

  List<Slice> slices() {
    return slices;
  }

  /** Everything that was recorded of a metric, µs. */
  public Histogram total(Metric metric) {
    return totals.get(metric);
  }
}
