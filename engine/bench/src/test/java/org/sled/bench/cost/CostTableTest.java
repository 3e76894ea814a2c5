package org.sled.bench.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tables of a quiet machine and of one that somebody else works on. */
class CostTableTest {
  @ParameterizedTest
  @CsvSource({
    "20, 21, 25, 30, false",
    "20, 24, 18, 30, false", // rows in groups save a little
    "20, 31, 25, 20, true",
    "31, 40, 50, 20, true",
    "20, 60, 25, 61, false"
  })
  void muchLongerStepsWithFewerRowsAreADisturbance(
      double one, double two, double both, double bothTwo, boolean disturbed) {
    CostTable table =
        new CostTable(
            "made",
            "1 threads",
            "fast",
            1,
            1,
            128,
            new int[] {1, 2},
            new int[] {1, 4},
            new double[][] {{one, two}, {both, bothTwo}});
    assertEquals(disturbed, table.isDisturbed());
  }
}
