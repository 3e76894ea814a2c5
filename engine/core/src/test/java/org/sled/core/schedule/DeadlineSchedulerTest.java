package org.sled.core.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.sled.core.cost.RowRule;
import org.sled.core.cost.StepCost;
import org.sled.core.cost.WorkKind;

class DeadlineSchedulerTest {
  private static final int SESSIONS = 64;
  private static final long MS = 1_000_000;

  private final WorkQueue queue = new WorkQueue(SESSIONS);
  private final BatchPlan plan = new BatchPlan(SESSIONS);
  private final SessionBook book = new SessionBook(SESSIONS);
  private final StepCost cost = new StepCost();

  @BeforeEach
  void openSessions() {
    for (int i = 0; i < SESSIONS; i++) {
      book.opened(i);
    }
  }

  private DeadlineScheduler scheduler(long tokenNanos) {
    return new DeadlineScheduler(
        SESSIONS, new SchedulerLimits(512, 63, RowRule.NO_LONE_ROW, 1, tokenNanos), book, cost);
  }

  /** A machine where reading the weights costs as much as so many rows, 10 ms each. */
  private void machine(int passCostRows) {
    for (int rows : new int[] {1, 2, 4, 8, 16, 32, 64, 128, 256, 512}) {
      cost.calibrate(rows, (passCostRows + rows) * 10.0 * MS);
    }
  }

  private void acceptance(int session, double share) {
    for (int i = 0; i < 100; i++) {
      book.answered(session, 11, 10, (int) Math.round(10 * share), 0);
    }
    book.forget(session);
  }

  @Test
  void nothingWaits() {
    assertEquals(0, scheduler(0).plan(0, queue, plan));
    assertEquals(BatchPlan.NO_WAKE, plan.wakeNanos());
  }

  @Test
  void withoutKnowledgeItTakesWhatWaits() {
    queue.add(0, 0, WorkKind.PREFILL, 1000, 0, 0);
    queue.add(1, 0, WorkKind.BLOCK, 5, 0, 0);
    queue.add(2, 0, WorkKind.PUSH, 1, 0, 0);
    assertEquals(3, scheduler(0).plan(0, queue, plan));
    assertEquals(63, plan.rows(0));
    assertEquals(5, plan.rows(1));
    assertEquals(1, plan.rows(2));
  }

  @Test
  void draftsThatCostLittleAreAllLookedAt() {
    machine(100);
    for (int i = 0; i < 4; i++) {
      queue.add(i, 0, WorkKind.BLOCK, 9, 0, 0);
    }
    assertEquals(4, scheduler(0).plan(0, queue, plan));
    assertEquals(36, plan.totalRows());
  }

  @Test
  void draftsThatCostMoreThanTheyBringAreCut() {
    machine(2);
    for (int i = 0; i < 32; i++) {
      acceptance(i, 0.5);
      queue.add(i, 0, WorkKind.BLOCK, 9, 0, 0);
    }
    assertEquals(32, scheduler(0).plan(0, queue, plan));
    assertEquals(32, plan.totalRows(), "no drafts at all");
  }

  @Test
  void nothingIsCutOfASessionThatIsServedAlone() {
    machine(2);
    acceptance(0, 0.7);
    acceptance(1, 0.7);
    queue.add(0, 0, WorkKind.BLOCK, 9, 0, 0);
    scheduler(0).plan(0, queue, plan);
    assertEquals(9, plan.totalRows(), "nobody else has the time");
    queue.add(1, 0, WorkKind.PUSH, 1, 0, 0);
    assertEquals(2, scheduler(0).plan(0, queue, plan));
    assertTrue(plan.totalRows() < 10, "another one waits: " + plan.totalRows());
  }

  @Test
  void hopelessDraftsAreCutAndGoodOnesAreNot() {
    machine(8);
    for (int i = 0; i < 8; i++) {
      acceptance(i, i < 4 ? 0 : 1);
      queue.add(i, 0, WorkKind.BLOCK, 9, 0, 0);
    }
    scheduler(0).plan(0, queue, plan);
    for (int i = 0; i < 8; i++) {
      assertEquals(i < 4 ? 1 : 9, plan.rows(i), "session " + i);
    }
  }

  @Test
  void nowAndThenADraftIsLookedAtAlthoughItDoesNotPay() {
    machine(2);
    DeadlineScheduler scheduler = scheduler(0);
    for (int i = 0; i < 8; i++) {
      acceptance(i, 0);
    }
    int looked = 0;
    for (int round = 0; round < 90; round++) {
      for (int i = 0; i < 8; i++) {
        queue.add(i, 0, WorkKind.BLOCK, 5, 0, 0);
      }
      scheduler.plan(0, queue, plan);
      queue.take(plan);
      looked += plan.rows(0) - 1;
      for (int i = 0; i < 8; i++) {
        book.answered(i, plan.rows(i), plan.rows(i) - 1, 0, 0);
        book.forget(i);
      }
    }
    assertEquals(10, looked);
  }

  @Test
  void aBlockThatIsAboutToArriveIsWaitedFor() {
    machine(8); // two steps of 5 rows: 260 ms; one of 10: 180 ms
    DeadlineScheduler scheduler = scheduler(0);
    thinks(1, 10 * MS);
    queue.add(0, 0, WorkKind.BLOCK, 5, 0, 0);
    assertEquals(0, scheduler.plan(0, queue, plan));
    assertTrue(plan.wakeNanos() > 5 * MS && plan.wakeNanos() < 100 * MS, "" + plan.wakeNanos());

    book.arrived(1, 10 * MS);
    queue.add(1, 0, WorkKind.BLOCK, 5, 0, 10 * MS);
    assertEquals(2, scheduler.plan(10 * MS, queue, plan));
  }

  @Test
  void aBlockThatDoesNotArriveIsNotWaitedForLong() {
    machine(8);
    DeadlineScheduler scheduler = scheduler(0);
    thinks(1, 10 * MS);
    queue.add(0, 0, WorkKind.BLOCK, 5, 0, 0);
    assertEquals(0, scheduler.plan(0, queue, plan));
    assertEquals(1, scheduler.plan(plan.wakeNanos(), queue, plan));
  }

  @Test
  void aBlockThatWasThereBeforeTheVerdictIsNotWaitedFor() {
    machine(8);
    DeadlineScheduler scheduler = scheduler(0);
    thinks(1, 10 * MS);
    book.arrived(1, -5 * MS); // several in flight
    queue.add(1, 0, WorkKind.BLOCK, 5, 0, -5 * MS);
    assertEquals(1, scheduler.plan(0, queue, plan));
    book.answered(1, 5, 4, 3, 100 * MS);
    assertEquals(110 * MS, book.expectedNanos(1), "it says nothing of how long it thinks");
  }

  @Test
  void theFirstBlockOfASessionIsWaitedForLikeThoseOfOthers() {
    machine(8);
    DeadlineScheduler scheduler = scheduler(0);
    book.started(2, 0);
    book.arrived(2, 10 * MS);
    book.opened(1);
    book.started(1, 20 * MS);
    queue.add(0, 0, WorkKind.BLOCK, 5, 0, 20 * MS);
    assertEquals(0, scheduler.plan(20 * MS, queue, plan));
    assertTrue(plan.wakeNanos() > 30 * MS && plan.wakeNanos() < 100 * MS, "" + plan.wakeNanos());
  }

  @Test
  void whoeverThinksLongIsNotWaitedFor() {
    machine(8);
    thinks(1, 200 * MS);
    queue.add(0, 0, WorkKind.BLOCK, 5, 0, 0);
    assertEquals(1, scheduler(0).plan(0, queue, plan));
  }

  /** The session answers its verdicts after so long, and got one at time 0. */
  private void thinks(int session, long nanos) {
    for (int i = 20; i > 0; i--) {
      book.answered(session, 5, 4, 3, -i * 1000L * MS);
      book.arrived(session, -i * 1000L * MS + nanos);
    }
    book.answered(session, 5, 4, 3, 0);
  }

  @Test
  void aPromptTakesNoMoreThanItsShare() {
    machine(8);
    queue.add(0, 0, WorkKind.PREFILL, 1500, 0, 0);
    for (int i = 1; i <= 8; i++) {
      acceptance(i, 1);
      queue.add(i, 0, WorkKind.BLOCK, 5, 0, 0); // 480 ms
    }
    DeadlineScheduler scheduler = scheduler(0);
    double milliseconds = 0;
    for (int step = 0; step < 20; step++) {
      for (int i = 1; i <= 8; i++) {
        queue.add(i, 0, WorkKind.BLOCK, 5, 0, 0);
      }
      scheduler.plan(0, queue, plan);
      int chunk = plan.kind(0) == WorkKind.PREFILL ? plan.rows(0) : 0;
      milliseconds += chunk == 0 ? 0 : chunk <= 5 ? 10 * chunk : 10 * (8 + chunk);
      queue.take(plan);
    }
    assertTrue(milliseconds > 20 * 100 && milliseconds <= 20 * 300, milliseconds + " ms");
  }

  @Test
  void aPromptThatSharesNoPassGoesAloneAndThenTheBlocks() {
    machine(8);
    DeadlineScheduler scheduler = scheduler(0);
    queue.add(0, 0, WorkKind.PREFILL, 40, 0, 0); // 480 ms, as the blocks
    queue.add(9, 0, WorkKind.PREFILL, 40, 0, 0);
    for (int i = 1; i <= 8; i++) {
      acceptance(i, 1);
      queue.add(i, 0, WorkKind.BLOCK, 5, 0, 0);
    }
    scheduler.plan(0, queue, plan);
    assertEquals(1, plan.size());
    assertEquals(WorkKind.PREFILL, plan.kind(0));
    assertEquals(40, plan.rows(0), "whole, since it is short; and lent what it takes");
    queue.take(plan);
    scheduler.plan(0, queue, plan);
    assertTrue(plan.size() >= 8, "the blocks, whoever else waits");
    assertEquals(8 * 5, rowsOf(WorkKind.BLOCK));
    assertTrue(rowsOf(WorkKind.PREFILL) <= 5, "and of the other prompt what shares their pass");
    queue.take(plan);
    for (int i = 1; i <= 8; i++) {
      queue.add(i, 0, WorkKind.BLOCK, 5, 0, 0);
    }
    scheduler.plan(0, queue, plan);
    assertEquals(1, plan.size(), "blocks have had as much time as they lent");
    assertTrue(rowsOf(WorkKind.PREFILL) >= 35);
  }

  @Test
  void aPromptWaitsForBlocksThatHaveTimeToGetBack() {
    machine(8);
    DeadlineScheduler scheduler = scheduler(0);
    queue.add(0, 0, WorkKind.PREFILL, 40, 0, 0); // 480 ms
    queue.add(1, 0, WorkKind.BLOCK, 5, 0, 0); // 130 ms
    scheduler.plan(0, queue, plan);
    assertEquals(40, rowsOf(WorkKind.PREFILL));
    queue.take(plan);
    scheduler.plan(0, queue, plan);
    assertEquals(5, rowsOf(WorkKind.BLOCK));
    queue.take(plan);

    thinks(1, 10 * MS);
    queue.add(2, 0, WorkKind.PREFILL, 40, 0, 0);
    assertEquals(0, scheduler.plan(0, queue, plan), "a block comes in 10 ms");
    long wake = plan.wakeNanos();
    assertTrue(wake >= 10 * MS && wake <= 65 * MS, "" + wake);
    assertEquals(1, scheduler.plan(wake, queue, plan), "it did not come");
    assertEquals(WorkKind.PREFILL, plan.kind(0));
  }

  @Test
  void chunksAreShorterWhereTheirContextIsLong() {
    machine(8);
    for (int i = 0; i < 400; i++) {
      int context = i % 2 * 2000; // 10 ms of attention per row and 1,000 tokens
      cost.observe(1, 32, context, (8 + 32 + 32 * context / 1000.0) * 10 * MS);
    }
    int[] chunks = new int[2];
    for (int i = 0; i < 2; i++) {
      DeadlineScheduler scheduler = scheduler(0);
      queue.add(0, 0, WorkKind.PREFILL, 1500, i * 4000, 0);
      for (int session = 1; session <= 8; session++) {
        acceptance(session, 1);
        queue.add(session, 0, WorkKind.PUSH, 1, 0, 0);
      }
      scheduler.plan(0, queue, plan);
      chunks[i] = rowsOf(WorkKind.PREFILL);
      while (queue.size() > 0) {
        queue.remove(queue.session(0));
      }
    }
    assertTrue(chunks[1] > 0 && chunks[1] < chunks[0], chunks[0] + " and " + chunks[1]);
  }

  private int rowsOf(WorkKind kind) {
    int rows = 0;
    for (int i = 0; i < plan.size(); i++) {
      rows += plan.kind(i) == kind ? plan.rows(i) : 0;
    }
    return rows;
  }

  @Test
  void oneLongBlockDoesNotPadAllOthers() {
    machine(8);
    for (int i = 0; i < 8; i++) {
      acceptance(i, 0.9);
      queue.add(i, 0, WorkKind.BLOCK, i == 0 ? 13 : 4, 0, 0);
    }
    scheduler(0).plan(0, queue, plan);
    assertEquals(8, plan.size());
    for (int i = 0; i < 8; i++) {
      assertEquals(4, plan.rows(i), "block " + i);
    }
  }

  @Test
  void aPromptBesideOneSmallBlockDoesNotStarve() {
    machine(8);
    DeadlineScheduler scheduler = scheduler(0);
    int computed = 0;
    for (int step = 0; step < 100; step++) {
      queue.add(1, 0, WorkKind.BLOCK, 5, 0, 0);
      if (step == 0) {
        queue.add(0, 0, WorkKind.PREFILL, 1500, 0, 0);
      }
      scheduler.plan(0, queue, plan);
      for (int i = 0; i < plan.size(); i++) {
        computed += plan.kind(i) == WorkKind.PREFILL ? plan.rows(i) : 0;
      }
      queue.take(plan);
    }
    assertTrue(computed >= 200, computed + " rows in 100 steps");
  }

  @Test
  void aShortPromptDoesNotWaitForALongOne() {
    machine(8);
    DeadlineScheduler scheduler = scheduler(0);
    queue.add(0, 0, WorkKind.PREFILL, 1500, 0, 0);
    queue.add(2, 0, WorkKind.PREFILL, 50, 0, 0);
    int steps = 0;
    while (queue.size() == 2) {
      queue.add(1, 0, WorkKind.BLOCK, 5, 0, 0);
      scheduler.plan(0, queue, plan);
      queue.take(plan);
      queue.remove(1);
      steps++;
    }
    assertTrue(steps <= 25, steps + " steps");
  }

  @Test
  void readersWhoHaveEnoughWaitWhereOthersWouldBeLate() {
    machine(8);
    DeadlineScheduler scheduler = scheduler(100 * MS);
    book.due(0, 140 * MS); // alone it takes 130 ms
    book.due(1, 10_000 * MS);
    queue.add(0, 0, WorkKind.BLOCK, 5, 0, 0);
    queue.add(1, 0, WorkKind.BLOCK, 5, 0, 0);
    scheduler.plan(0, queue, plan);
    assertEquals(1, plan.size());
    assertEquals(0, plan.session(0));
  }

  @Test
  void tenantsShareAFullServer() {
    WorkQueue crowd = new WorkQueue(1000);
    BatchPlan large = new BatchPlan(1000);
    SessionBook all = new SessionBook(1000);
    DeadlineScheduler scheduler =
        new DeadlineScheduler(
            1000, new SchedulerLimits(64, 32, RowRule.ANY, 0.5, 0), all, new StepCost());
    int[] served = new int[2];
    for (int i = 0; i < 1000; i++) {
      all.opened(i);
      crowd.add(i, i < 900 ? 0 : 1, WorkKind.PUSH, 1, 0, i);
    }
    for (int step = 0; step < 3; step++) {
      assertEquals(64, scheduler.plan(step, crowd, large));
      for (int i = 0; i < large.size(); i++) {
        served[large.session(i) < 900 ? 0 : 1]++;
      }
      crowd.take(large);
    }
    assertEquals(served[0], served[1], 2);
  }
}
