package org.sled.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.sled.core.cost.RowRule;

/** What simulated passes take: those of prompts have hardly any results. */
final class VirtualPassesTest {
  private static final long PASS_NANOS = 10_000;
  private static final long ROW_NANOS = 1_000;
  private static final long RESULT_NANOS = 250;

  private final VirtualPasses passes =
      new VirtualPasses(
          new VirtualServing(
              0,
              (sessions, rows) -> PASS_NANOS + rows * (sessions * ROW_NANOS),
              RESULT_NANOS,
              1,
              1,
              0),
          new RowRule(1, 1),
          512,
          4);

  @Test
  void rowsOfPromptsTakeAsMuchLessAsResultsTake() {
    passes.add(5, 5);
    passes.arrange();
    assertEquals(PASS_NANOS + 5 * ROW_NANOS, passes.nanos());
    passes.clear();
    passes.add(32, 0);
    passes.arrange();
    assertEquals(PASS_NANOS + 32 * (ROW_NANOS - RESULT_NANOS), passes.nanos());
    passes.clear();
    passes.add(32, 1);
    passes.add(32, 32);
    passes.arrange();
    assertEquals(1, passes.count());
    assertEquals(PASS_NANOS + 64 * ROW_NANOS - 31 * RESULT_NANOS, passes.nanos());
  }
}
