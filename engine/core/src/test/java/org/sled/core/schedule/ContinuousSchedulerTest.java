package org.sled.core.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.sled.core.cost.WorkKind;

class ContinuousSchedulerTest {
  private static final int SESSIONS = 64;
  private static final List<WorkKind> KINDS = List.of(WorkKind.values());

  private final WorkQueue queue = new WorkQueue(SESSIONS);
  private final BatchPlan plan = new BatchPlan(SESSIONS);
  private final ContinuousScheduler scheduler = new ContinuousScheduler(128, 64, 32);

  @Test
  void nothingWaits() {
    assertEquals(0, scheduler.plan(0, queue, plan));
  }

  @Test
  void blocksAndPushesOfAllSessionsGoTogether() {
    queue.add(3, 0, WorkKind.BLOCK, 5, 0, 0);
    queue.add(9, 0, WorkKind.PUSH, 1, 0, 1);
    queue.add(1, 0, WorkKind.BLOCK, 17, 0, 2);

    assertEquals(3, scheduler.plan(2, queue, plan));
    assertEquals(23, plan.totalRows());
    queue.take(plan);
    assertEquals(0, queue.size());
  }

  @Test
  void aLongPromptIsCutAndKeepsItsPlace() {
    queue.add(0, 0, WorkKind.PREFILL, 1000, 0, 0);
    queue.add(1, 0, WorkKind.BLOCK, 5, 0, 1);

    scheduler.plan(2, queue, plan);
    assertEquals(2, plan.size());
    assertEquals(32, plan.rows(0));
    assertEquals(5, plan.rows(1));
    queue.take(plan);
    assertEquals(1, queue.size());
    assertEquals(968, queue.rows(0));
  }

  @Test
  void promptsBesideBlocksShareTheirBudgetOldestFirst() {
    for (int i = 0; i < 4; i++) {
      queue.add(i, 0, WorkKind.PREFILL, 100, 0, i);
    }
    queue.add(4, 0, WorkKind.BLOCK, 5, 0, 4);

    scheduler.plan(5, queue, plan);
    assertEquals(3, plan.size());
    assertEquals(0, plan.session(0));
    assertEquals(1, plan.session(1));
    assertEquals(4, plan.session(2));
  }

  @Test
  void promptsAloneFillTheStep() {
    for (int i = 0; i < 6; i++) {
      queue.add(i, 0, WorkKind.PREFILL, 100, 0, i);
    }
    scheduler.plan(6, queue, plan);
    assertEquals(128, plan.totalRows());
  }

  @Test
  void aBlockBeyondTheBudgetWaitsAndNobodyOvertakesIt() {
    for (int i = 0; i < 7; i++) {
      queue.add(i, 0, WorkKind.BLOCK, 17, 0, i);
    }
    queue.add(7, 0, WorkKind.BLOCK, 20, 0, 7);
    queue.add(8, 0, WorkKind.BLOCK, 2, 0, 8);

    scheduler.plan(9, queue, plan);
    assertEquals(7, plan.size());
    queue.take(plan);
    assertEquals(2, queue.size());
    assertEquals(7, queue.session(0));
  }

  @Test
  void randomLoadsAreServedCompletelyAndWithinTheirBounds() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int[] left = new int[SESSIONS];
    int served = 0;
    int offered = 0;
    for (int step = 0; step < 2_000 || queue.size() > 0; step++) {
      for (int s = 0; s < SESSIONS && step < 2_000; s++) {
        if (left[s] == 0 && random.nextInt(8) == 0) {
          WorkKind kind = KINDS.get(random.nextInt(KINDS.size()));
          int rows =
              switch (kind) {
                case PREFILL -> 1 + random.nextInt(500);
                case BLOCK -> 1 + random.nextInt(17);
                case PUSH -> 1;
              };
          queue.add(s, 0, kind, rows, 0, step);
          left[s] = rows;
          offered += rows;
        }
      }
      int waitingBefore = queue.size();
      int chosen = scheduler.plan(step, queue, plan);
      String where = "seed " + seed + ", step " + step;
      assertTrue(chosen > 0 || waitingBefore == 0, where);
      assertTrue(plan.totalRows() <= 128, where);
      for (int i = 0; i < chosen; i++) {
        int sequence = plan.session(i);
        assertTrue(plan.rows(i) <= left[sequence], where);
        if (plan.kind(i) != WorkKind.PREFILL) {
          assertEquals(left[sequence], plan.rows(i), where);
        }
        left[sequence] -= plan.rows(i);
        served += plan.rows(i);
      }
      queue.take(plan);
    }
    assertEquals(offered, served, "seed " + seed);
  }

  @Test
  void aRemovedSessionIsNotPlanned() {
    queue.add(0, 0, WorkKind.BLOCK, 5, 0, 0);
    queue.add(1, 0, WorkKind.BLOCK, 6, 0, 0);
    queue.remove(0);
    queue.remove(17);
    scheduler.plan(1, queue, plan);
    assertEquals(1, plan.size());
    assertEquals(1, plan.session(0));
  }

  @Test
  void badConfigurationIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new ContinuousScheduler(10, 20, 5));
    assertThrows(IllegalArgumentException.class, () -> new ContinuousScheduler(10, 5, 0));
  }
}
