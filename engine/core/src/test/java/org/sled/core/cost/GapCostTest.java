package org.sled.core.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class GapCostTest {
  private static final double ROW = 10e6;

  private final StepCost cost = new StepCost();
  private final GapCost gaps = new GapCost(cost, 16);

  private void step(int rows, int... sequences) {
    gaps.clear();
    for (int sequence : sequences) {
      gaps.add(sequence, rows);
    }
  }

  @Test
  void nothingIsKnownAtFirst() {
    step(5, 0, 2);
    assertEquals(0, gaps.nanos());
  }

  @Test
  void gapsCostAPassOrTheirRows() {
    for (int rows : new int[] {1, 2, 4, 8, 16, 32}) {
      cost.calibrate(rows, (8 + rows) * ROW);
    }
    step(5, 3, 4, 5);
    assertEquals(0, gaps.nanos(), "beside each other");
    step(5, 3, 5);
    assertEquals(5 * ROW, gaps.nanos(), 1e3, "a gap of one is filled");
    step(5, 3, 6);
    assertEquals(8 * ROW, gaps.nanos(), 1e3, "another pass is cheaper than ten rows");
    step(1, 0, 4, 15);
    assertEquals(3 * ROW + 8 * ROW, gaps.nanos(), 1e3);
  }
}
