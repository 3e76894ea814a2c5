package org.sled.bench.fit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Advice from tables that are made up. */
class FitAdviceTest {
  private static final double[] RTT = {0, 20, 40, 80, 160};

  /** A row of this device's rate: how many times as fast at each round trip time. */
  private static List<FitCell> row(int sessions, double... gains) {
    List<FitCell> cells = new ArrayList<>();
    for (int i = 0; i < gains.length; i++) {
      cells.add(new FitCell(RTT[i], 23.5, true, sessions, 100 / gains[i], 100));
    }
    return cells;
  }

  private static List<FitCell> both(List<FitCell> one, List<FitCell> other) {
    List<FitCell> all = new ArrayList<>(one);
    all.addAll(other);
    return all;
  }

  @Test
  void theFarthestLinkIsNamedBeforeTheFirstThatDoesNotPay() {
    String advice = FitAdvice.of(row(1, 1.8, 1.6, 1.3, 1.06, 1.04), null, 40);
    assertEquals(
        "for one session drafts pay up to 80 ms round trip (1.8 times as fast at 0 ms)", advice);
    // Where they pay again farther away, that is chance.
    assertTrue(FitAdvice.of(row(1, 1.8, 1.6, 1.0, 1.3, 1.3), null, 40).contains("up to 20 ms"));
  }

  @Test
  void whereAllPayTheFarthestIsNoLimit() {
    String advice = FitAdvice.of(row(1, 1.8, 1.6, 1.3, 1.2, 1.1), 12.0, 40);
    assertTrue(advice.contains("pay at least up to 160 ms"), advice);
    assertTrue(
        advice.endsWith("; on a device below 12 drafts/s use --model none (at 40 ms)"), advice);
  }

  @Test
  void manySessionsAreToldApart() {
    String advice =
        FitAdvice.of(both(row(1, 1.8, 1.6, 1.3, 1.2, 1.1), row(16, 1.2, 1, 1, 1, 1)), null, 40);
    assertTrue(advice.contains("; with 16 sessions only at 0 ms (1.2 times at 0 ms)"), advice);
    advice = FitAdvice.of(both(row(1, 1.8), row(16, 1.0)), null, 40);
    assertTrue(advice.endsWith("; with 16 sessions they do not"), advice);
  }

  @Test
  void whereNothingPaysItIsSaidWhatToDo() {
    String advice = FitAdvice.of(both(row(1, 1, 1, 1), row(16, 1, 1, 1)), null, 40);
    assertEquals(
        "drafts do not pay for one session at any round trip time that was tried: use --model none"
            + " on this device",
        advice);
    advice = FitAdvice.of(row(1, 1, 1), 30.0, 20);
    assertTrue(advice.contains("below 30 drafts/s use --model none (at 20 ms)"), advice);
    assertFalse(advice.contains("on this device"), advice);
  }

  @Test
  void otherRatesSayNothingOfThisDevice() {
    List<FitCell> cells = List.of(new FitCell(0, 60, false, 1, 10, 100));
    assertTrue(FitAdvice.of(cells, null, 40).contains("give more --seconds"));
    assertTrue(FitAdvice.of(List.of(), null, 40).contains("give more --seconds"));
  }

  @Test
  void longLinksMayPayWhereShortOnesDoNot() {
    String advice = FitAdvice.of(row(1, 1.0, 1.2), null, 40);
    assertEquals("for one session drafts pay at 20 ms round trip, but not at 0 ms", advice);
  }
}
