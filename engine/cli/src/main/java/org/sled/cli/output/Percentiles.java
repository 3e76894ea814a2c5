package org.sled.cli.output;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.HdrHistogram.Histogram;
import org.sled.bench.report.Rounding;

/**
 * Some percentiles of a histogram, for JSON.
 *
 * @param p50 the median; null if nothing was recorded, so too below
 * @param p90 left out of the JSON where it is not asked for
 * @param p99 the 99th
 */
public record Percentiles(
    Double p50, @JsonInclude(JsonInclude.Include.NON_NULL) Double p90, Double p99) {
  private static final double MICROS_PER_MILLI = 1_000;

  /** Of a histogram in microseconds, in milliseconds. */
  public static Percentiles millis(Histogram micros) {
    if (micros == null || micros.getTotalCount() == 0) {
      return null;
    }
    return new Percentiles(
        Rounding.orNull(micros.getValueAtPercentile(50) / MICROS_PER_MILLI),
        Rounding.orNull(micros.getValueAtPercentile(90) / MICROS_PER_MILLI),
        Rounding.orNull(micros.getValueAtPercentile(99) / MICROS_PER_MILLI));
  }

  /** Of a histogram in microseconds, in microseconds, without p90. */
  public static Percentiles micros(Histogram micros) {
    if (micros == null || micros.getTotalCount() == 0) {
      return null;
    }
    return new Percentiles(
        (double) micros.getValueAtPercentile(50), null, (double) micros.getValueAtPercentile(99));
  }
}
