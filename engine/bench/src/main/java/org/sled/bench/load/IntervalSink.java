package org.sled.bench.load;

import java.util.Map;
import org.HdrHistogram.Histogram;

/** Is told once a second, and at the end, what was recorded since. One thread. */
public interface IntervalSink {
  /**
   * An interval ended.
   *
   * @param startNanos when it began, ns after the run did
   * @param endNanos when it ended, ns after the run began
   * @param histograms one per metric, in µs, with wall-clock times; the sink may keep them
   * @param tokens that came in it
   * @param activeRequests under way at its end
   */
  void interval(
      long startNanos,
      long endNanos,
      Map<Metric, Histogram> histograms,
      long tokens,
      int activeRequests);
}
