package org.sled.bench.report;

import java.util.Locale;

/** Numbers for files and people. */
public final class Rounding {
  private static final double THOUSANDTHS = 1_000;

  private Rounding() {}

  /** Three decimals. */
  public static double round(double value) {
    return Math.round(value * THOUSANDTHS) / THOUSANDTHS;
  }

  /** Three decimals; null for what is not a number: there is no such value, and 0 would lie. */
  public static Double orNull(double value) {
    return Double.isFinite(value) ? round(value) : null;
  }

  /**
   * A number for people, in a format such as {@code %.1f}; a dash where there is none, such as the
   * speed of a text without tokens.
   */
  public static String text(String format, double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, format, value) : "-";
  }
}
