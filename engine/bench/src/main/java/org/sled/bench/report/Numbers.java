package org.sled.bench.report;

/** Numbers for files and people. */
final class Numbers {
  private static final double THOUSANDTHS = 1_000;

  private Numbers() {}

  /** Three decimals. */
  static double round(double value) {
    return Math.round(value * THOUSANDTHS) / THOUSANDTHS;
  }

  /** Three decimals; null for what is not a number: there is no such value, and 0 would lie. */
  static Double orNull(double value) {
    return Double.isFinite(value) ? round(value) : null;
  }
}
