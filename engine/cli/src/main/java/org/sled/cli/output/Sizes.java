package org.sled.cli.output;

import java.util.Locale;

/** Bytes for people. */
public final class Sizes {
  private static final double KIBI = 1024;

  private Sizes() {}

  /** Such as "6.2 MiB". */
  public static String bytes(long bytes) {
    if (bytes < KIBI) {
      return bytes + " B";
    }
    double value = bytes;
    String[] units = {"KiB", "MiB", "GiB", "TiB"};
    int unit = -1;
    while (value >= KIBI && unit + 1 < units.length) {
      value /= KIBI;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
  }
}
