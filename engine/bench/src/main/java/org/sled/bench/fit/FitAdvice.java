package org.sled.bench.fit;

import java.util.List;
import java.util.Locale;

/** What a table of expectations comes to, in one sentence. Pure. */
public final class FitAdvice {
  private static final String WITHOUT = "use --model none";

  private FitAdvice() {}

  /**
   * The sentence.
   *
   * @param cells of this device's rate count, but for the least rate; those that are missing are
   *     not talked about
   * @param leastRate drafts per second from which on drafts pay for a single session, at {@code
   *     leastRateRtt}; null: none was looked for
   * @param leastRateRtt round trip time that it holds for, ms
   */
  public static String of(List<FitCell> cells, Double leastRate, double leastRateRtt) {
    List<FitCell> own = cells.stream().filter(FitCell::own).toList();
    if (own.isEmpty()) {
      return "too little was measured for advice: give more --seconds";
    }
    StringBuilder text = new StringBuilder();
    int fewest = own.stream().mapToInt(FitCell::sessions).min().orElseThrow();
    int most = own.stream().mapToInt(FitCell::sessions).max().orElseThrow();
    List<FitCell> few = of(own, fewest);
    text.append(reach(few, sessions(fewest)));
    if (most > fewest) {
      List<FitCell> many = of(own, most);
      if (few.stream().anyMatch(FitCell::pays) || many.stream().anyMatch(FitCell::pays)) {
        text.append("; with ").append(sessions(most)).append(' ').append(shortReach(many));
      }
    }
    boolean paysNowhere = own.stream().noneMatch(FitCell::pays);
    if (leastRate != null) {
      text.append(
          String.format(
              Locale.ROOT,
              "; on a device below %s drafts/s %s (at %s ms)",
              number(leastRate),
              WITHOUT,
              number(leastRateRtt)));
    } else if (paysNowhere) {
      text.append(": ").append(WITHOUT).append(" on this device");
    }
    return text.toString();
  }

  private static List<FitCell> of(List<FitCell> cells, int sessions) {
    return cells.stream()
        .filter(cell -> cell.sessions() == sessions)
        .sorted((a, b) -> Double.compare(a.rttMillis(), b.rttMillis()))
        .toList();
  }

  /** Up to which round trip time drafts pay, from the shortest on. */
  private static String reach(List<FitCell> cells, String sessions) {
    FitCell last = lastThatPays(cells);
    FitCell best = cells.get(0);
    for (FitCell cell : cells) {
      best = cell.gain() > best.gain() ? cell : best;
    }
    if (last == null) {
      return best.pays()
          ? String.format(
              Locale.ROOT,
              "for %s drafts pay at %s ms round trip, but not at %s ms",
              sessions,
              number(best.rttMillis()),
              number(cells.get(0).rttMillis()))
          : "drafts do not pay for " + sessions + " at any round trip time that was tried";
    }
    return String.format(
        Locale.ROOT,
        "for %s drafts pay %s %s ms round trip (%.1f times as fast at %s ms)",
        sessions,
        reach(cells, last),
        number(last.rttMillis()),
        best.gain(),
        number(best.rttMillis()));
  }

  private static String shortReach(List<FitCell> cells) {
    FitCell last = lastThatPays(cells);
    if (last == null) {
      return cells.stream().anyMatch(FitCell::pays) ? "at some only" : "they do not";
    }
    return String.format(
        Locale.ROOT,
        "%s %s ms (%.1f times at %s ms)",
        reach(cells, last),
        number(last.rttMillis()),
        cells.get(0).gain(),
        number(cells.get(0).rttMillis()));
  }

  /** The last of the cells that pay without one before them that does not; null if none does. */
  private static FitCell lastThatPays(List<FitCell> cells) {
    FitCell last = null;
    for (FitCell cell : cells) {
      if (!cell.pays()) {
        break;
      }
      last = cell;
    }
    return last;
  }

  private static String reach(List<FitCell> cells, FitCell last) {
    return last.equals(cells.get(cells.size() - 1))
        ? "at least up to"
        : last.equals(cells.get(0)) ? "only at" : "up to";
  }

  private static String sessions(int count) {
    return count == 1 ? "one session" : count + " sessions";
  }

  private static String number(double value) {
    return value == Math.rint(value)
        ? String.format(Locale.ROOT, "%.0f", value)
        : String.format(Locale.ROOT, "%.1f", value);
  }
}
