package org.sled.cli;

/** Numbers for people and JSON. */
final class Rounding {
  private static final double THOUSANDTHS = 1_000;

  private Rounding() {}

  /** Three decimals; null for what is not a number: there is no such value, and 0 would lie. */
  static Double decimals(double value) {
    return Double.isFinite(value) ? Math.round(value * THOUSANDTHS) / THOUSANDTHS : null;
  }
}
