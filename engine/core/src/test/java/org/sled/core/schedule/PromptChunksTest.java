package org.sled.core.schedule;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.sled.core.cost.RowRule;
import org.sled.core.cost.StepCost;
import org.sled.core.cost.WorkKind;

class PromptChunksTest {
  private static final double MS = 1e6;

  @Test
  void aShortPromptHasItsTurnAlsoWherePlansWaitInBetween() {
    StepCost cost = new StepCost();
    for (int rows : new int[] {1, 8, 64, 512}) {
      cost.calibrate(rows, (8 + rows) * 10 * MS);
    }
    PromptChunks chunks =
        new PromptChunks(new SchedulerLimits(512, 512, RowRule.NO_LONE_ROW, 1, 0), cost);
    WorkQueue queue = new WorkQueue(2);
    queue.add(0, 0, WorkKind.PREFILL, 1500, 0, 0);
    queue.add(1, 0, WorkKind.PREFILL, 50, 0, 0);
    int shortRows = 0;
    for (int step = 0; step < 2; step++) {
      int[] rows = new int[2];
      chunks.begin(queue, rows, 0, true, 100 * MS); // a plan that waits
      chunks.begin(queue, rows, 0, true, 100 * MS);
      chunks.add(rows, 0);
      assertTrue(rows[0] + rows[1] > 0, "somebody goes on");
      shortRows += rows[1];
    }
    assertTrue(shortRows > 0);
  }
}
