package org.sled.bench.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

final class BoundTest {
  /** Any step takes 10 ms and 1 ms per row. */
  private static final CostTable LINEAR =
      new CostTable(
          "target",
          "1 threads",
          "exact",
          1,
          2,
          128,
          new int[] {1, 2, 4, 8},
          new int[] {1, 2, 5, 17},
          new double[][] {{11, 12, 15, 27}, {12, 14, 20, 44}, {14, 18, 30, 78}, {18, 26, 50, 146}});

  @Test
  void theTableInterpolatesAndExtrapolates() {
    assertEquals(15, LINEAR.stepMillis(1, 5), 1e-9);
    assertEquals(13, LINEAR.stepMillis(1, 3), 1e-9);
    assertEquals(10 + 3 * 3, LINEAR.stepMillis(3, 3), 1e-9);
    assertEquals(10 + 16 * 5, LINEAR.stepMillis(16, 5), 1e-9);
    assertEquals(10 + 20, LINEAR.stepMillis(1, 20), 1e-9);
  }

  @Test
  void withoutADraftModelOneRowPerSequenceIsAllThereIs() {
    Bound bound = Bound.of(LINEAR, List.of(), 4, 0, 0);
    assertEquals(0, bound.draftTokens());
    assertEquals(4, bound.sequencesPerStep());
    assertEquals(4 / 14.0 * 1e3, bound.tokensPerSecond(), 1e-6);
  }

  @Test
  void freePerfectDraftsAreBestInTheLongestBlock() {
    Bound bound = Bound.of(LINEAR, List.of(1.0), 1, 0, 0);
    assertEquals(16, bound.draftTokens());
    assertEquals(17 / 27.0 * 1e3, bound.tokensPerSecond(), 1e-6);
  }

  @Test
  void hopelessDraftsAreNotWorthARow() {
    assertEquals(0, Bound.of(LINEAR, List.of(0.0, 0.0), 8, 0, 0).draftTokens());
  }

  @Test
  void aLongLinkLeavesTheEngineIdleAndManyDevicesDoNot() {
    assertTrue(Bound.of(LINEAR, List.of(0.8), 1, 1, 200).engineBusyShare() < 0.2);
    assertTrue(Bound.of(LINEAR, List.of(0.8), 200, 1, 200).engineBusyShare() > 0.9);
    assertEquals(1, Bound.of(LINEAR, List.of(), 4, 0, 0).engineBusyShare(), 1e-9);
  }

  @Test
  void noBlockLengthBeatsIt() {
    List<Double> acceptance = List.of(0.8, 0.7, 0.75);
    Bound bound = Bound.of(LINEAR, acceptance, 4, 2, 10);
    double expected = 1;
    double all = 1;
    for (int k = 1; k <= 16; k++) {
      all *= acceptance.get(Math.min(k, 3) - 1);
      expected += all;
      double round = k * 2 + 10 + LINEAR.stepMillis(4, k + 1);
      assertTrue(4 * expected / round * 1e3 <= bound.tokensPerSecond() + 1e-9, "k = " + k);
    }
  }

  @Test
  void aTableThatIsNoGridIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new CostTable(
                "t", "d", "exact", 1, 1, 1, new int[] {1, 2}, new int[] {1}, new double[][] {{1}}));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new CostTable(
                "t",
                "d",
                "exact",
                1,
                1,
                1,
                new int[] {2, 1},
                new int[] {1},
                new double[][] {{1}, {1}}));
  }

  @Test
  void aTableThatDoesNotSayWhatIsFilledUpIsOneOfBefore() {
    assertEquals(2, filledBy("exact", 0, 0).rowLeast());
    assertEquals(1, filledBy("fast", 0, 0).rowLeast());
    assertEquals(1, filledBy("exact", 1, 1).rowLeast());
    assertEquals(4, filledBy("exact", 4, 1).rowMultiple());
    assertThrows(IllegalArgumentException.class, () -> filledBy("exact", -1, 1));
  }

  private static CostTable filledBy(String numerics, int multiple, int least) {
    return new CostTable(
        "t", "d", numerics, multiple, least, 1, new int[] {1}, new int[] {1}, new double[][] {{1}});
  }
}
