package org.sled.bench.report;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.HdrHistogram.Histogram;

/**
 * A distribution in milliseconds. Null where nothing was recorded.
 *
 * @param count values
 * @param mean the mean
 * @param p50 the median
 * @param p90 90th percentile
 * @param p99 99th
 * @param p999 99.9th
 * @param max the greatest
 */
public record Distribution(
    long count,
    double mean,
    double p50,
    double p90,
    double p99,
    @JsonProperty("p99.9") double p999,
    double max) {
  private static final double MICROS_PER_MILLI = 1_000;

  /** Of a histogram in microseconds; null if it is empty. */
  public static Distribution ofMicros(Histogram micros) {
    if (micros.getTotalCount() == 0) {
      return null;
    }
    return new Distribution(
        micros.getTotalCount(),
        Rounding.round(micros.getMean() / MICROS_PER_MILLI),
        millis(micros, 50),
        millis(micros, 90),
        millis(micros, 99),
        millis(micros, 99.9),
        micros.getMaxValue() / MICROS_PER_MILLI);
  }

  private static double millis(Histogram micros, double percentile) {
    return micros.getValueAtPercentile(percentile) / MICROS_PER_MILLI;
  }
}
