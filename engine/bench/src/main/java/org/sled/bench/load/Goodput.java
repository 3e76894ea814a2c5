package org.sled.bench.load;

/**
 * An objective for each request; infinity where there is none.
 *
 * @param ttftMillis time to first token at most, ms
 * @param tpotMillis time per output token at most, ms
 */
public record Goodput(double ttftMillis, double tpotMillis) {
  /** Every request meets it. */
  public static final Goodput ANY = new Goodput(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY);

  private static final double NANOS_PER_MILLI = 1e6;

  /**
   * Reads {@code ttft:500,tpot:50}.
   *
   * @throws IllegalArgumentException if it is something else; the text says what
   */
  public static Goodput parse(String text) {
    double ttft = Double.POSITIVE_INFINITY;
    double tpot = Double.POSITIVE_INFINITY;
    for (String part : text.split(",", -1)) {
      String[] pair = part.strip().split(":", 2);
      double millis = pair.length == 2 ? number(pair[1]) : Double.NaN;
      if (!(millis > 0)) {
        throw new IllegalArgumentException(
            "'" + part + "' is no objective in milliseconds, such as ttft:500 or tpot:50");
      }
      switch (pair[0].strip()) {
        case "ttft" -> ttft = millis;
        case "tpot" -> tpot = millis;
        default ->
            throw new IllegalArgumentException(
                "'" + pair[0] + "' is neither ttft nor tpot, as in ttft:500,tpot:50");
      }
    }
    return new Goodput(ttft, tpot);
  }

  private static double number(String text) {
    try {
      return Double.parseDouble(text.strip());
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  /** Whether a request with these times meets it; one with a single token has no TPOT, NaN. */
  boolean isMet(long ttftNanos, double tpotNanos) {
    return ttftNanos <= ttftMillis * NANOS_PER_MILLI && !(tpotNanos > tpotMillis * NANOS_PER_MILLI);
  }
}
