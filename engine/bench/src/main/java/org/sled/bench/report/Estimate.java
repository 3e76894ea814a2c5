package org.sled.bench.report;

import java.util.List;
import java.util.Objects;

/**
 * The mean of repetitions with its 95 % confidence interval, by Student's t.
 *
 * @param mean of the repetitions
 * @param low lower end; null for fewer than two repetitions, so too high
 * @param high upper end
 * @param repetitions that had a value
 */
public record Estimate(double mean, Double low, Double high, int repetitions) {
  /** Two-sided 95 % quantiles of Student's t for 1, 2, … degrees of freedom. */
  private static final double[] T95 = {
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042
  };

  private static final double T95_MANY = 1.96;

  /** Of values, of which null ones do not count; null if none does. */
  public static Estimate of(List<Double> values) {
    double[] known =
        values.stream().filter(Objects::nonNull).mapToDouble(Double::doubleValue).toArray();
    if (known.length == 0) {
      return null;
    }
    double mean = 0;
    for (double value : known) {
      mean += value / known.length;
    }
    if (known.length == 1) {
      return new Estimate(Rounding.round(mean), null, null, 1);
    }
    double squares = 0;
    for (double value : known) {
      squares += (value - mean) * (value - mean);
    }
    double error = Math.sqrt(squares / (known.length - 1) / known.length);
    int freedom = known.length - 1;
    double half = error * (freedom <= T95.length ? T95[freedom - 1] : T95_MANY);
    return new Estimate(
        Rounding.round(mean),
        Rounding.round(mean - half),
        Rounding.round(mean + half),
        known.length);
  }
}
