package org.sled.bench.report;

import java.util.Locale;

/** Numbers as people read them; what is unknown is a dash. */
final class Format {
  static final String UNKNOWN = "–";

  /** Keeps groups of digits, and a number and its unit, on one line. */
  private static final char NARROW_SPACE = '\u202f';

  private static final String[] BINARY_UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

  private Format() {}

  /** About three significant digits: 0.123, 1.23, 12.3, 123, 1 234. */
  static String number(double value) {
    if (!Double.isFinite(value)) {
      return UNKNOWN;
    }
    double size = Math.abs(value);
    int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
    return grouped(String.format(Locale.ROOT, "%,." + decimals + "f", value));
  }

  /** Formats a number that may be unknown. */
  static String number(Double value) {
    return value == null ? UNKNOWN : number(value.doubleValue());
  }

  /** No more decimals than needed, for axes: 0.5, 20, 1 000. */
  static String tick(double value) {
    String text = String.format(Locale.ROOT, "%,.4f", value);
    int end = text.length();
    while (text.charAt(end - 1) == '0') {
      end--;
    }
    return grouped(text.substring(0, text.charAt(end - 1) == '.' ? end - 1 : end));
  }

  /** A whole number. */
  static String count(long value) {
    return grouped(String.format(Locale.ROOT, "%,d", value));
  }

  /** A share between 0 and 1 in percent. */
  static String percent(Double share) {
    return share == null
        ? UNKNOWN
        : unit(String.format(Locale.ROOT, "%.1f", share.doubleValue() * 100), "%");
  }

  /** Bytes in binary units. */
  static String bytes(long bytes) {
    double size = bytes;
    int unit = 0;
    while (size >= 1024 && unit < BINARY_UNITS.length - 1) {
      size /= 1024;
      unit++;
    }
    return unit(unit == 0 ? count(bytes) : number(size), BINARY_UNITS[unit]);
  }

  /** A number and its unit; a dash has none. */
  static String unit(String number, String unit) {
    return number.equals(UNKNOWN) ? number : number + NARROW_SPACE + unit;
  }

  /** A coordinate: hundredths of a pixel are enough. */
  static String pixels(double value) {
    return trimmed(String.format(Locale.ROOT, "%.2f", value));
  }

  private static String trimmed(String decimals) {
    return decimals.endsWith(".00") ? decimals.substring(0, decimals.length() - 3) : decimals;
  }

  private static String grouped(String text) {
    return text.replace(',', NARROW_SPACE);
  }
}
