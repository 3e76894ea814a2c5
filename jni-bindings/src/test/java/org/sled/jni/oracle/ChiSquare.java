package org.sled.jni.oracle;

import java.util.Arrays;

/**
 * The chi-square test, as a number that is about normally distributed around 0 with deviation 1 if
 * the counts come from the probabilities (Wilson and Hilferty's approximation), and large if not.
 */
final class ChiSquare {
  /** Right counts go beyond this, up or down, once in 16,000 times. */
  static final double LIMIT = 4;

  /** Cells that expect fewer are put together. */
  private static final double LEAST_EXPECTED = 10;

  private ChiSquare() {}

  /** How far counts are from what the probabilities make expect. */
  static double deviation(long[] counts, double[] probabilities) {
    long draws = Arrays.stream(counts).sum();
    double statistic = 0;
    int cells = 0;
    double rareExpected = 0;
    double rareCount = 0;
    for (int i = 0; i < counts.length; i++) {
      double expected = draws * probabilities[i];
      if (expected == 0 && counts[i] > 0) {
        return Double.POSITIVE_INFINITY;
      }
      if (expected < LEAST_EXPECTED) {
        rareExpected += expected;
        rareCount += counts[i];
      } else {
        statistic += square(counts[i] - expected) / expected;
        cells++;
      }
    }
    if (rareExpected >= 1) {
      statistic += square(rareCount - rareExpected) / rareExpected;
      cells++;
    } else if (rareCount > 10) {
      return Double.POSITIVE_INFINITY;
    }
    int freedom = cells - 1;
    if (freedom == 0) {
      return 0;
    }
    double spread = 2.0 / (9 * freedom);
    return (Math.cbrt(statistic / freedom) - (1 - spread)) / Math.sqrt(spread);
  }

  /**
   * The same for pairs: are they drawn independently, each half from its probabilities?
   *
   * @param counts how often (first, second) was drawn
   */
  static double deviationOfPairs(long[][] counts, double[] first, double[] second) {
    long[] flat = new long[first.length * second.length];
    double[] probabilities = new double[flat.length];
    for (int a = 0; a < first.length; a++) {
      for (int b = 0; b < second.length; b++) {
        flat[a * second.length + b] = counts[a][b];
        probabilities[a * second.length + b] = first[a] * second[b];
      }
    }
    return deviation(flat, probabilities);
  }

  private static double square(double x) {
    return x * x;
  }
}
