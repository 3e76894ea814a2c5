package org.sled.core.schedule;

import org.sled.core.cost.WorkKind;

/**
 * Computes prompts whole, one after another, before anything else goes on: what a server without
 * chunked prefill does. To compare with.
 */
public final class WholePrompts implements BatchScheduler {
  private final BatchScheduler others;
  private final int promptRows;

  /**
   * Creates the policy.
   *
   * @param others plans steps when no prompt waits
   * @param promptRows rows of one prompt in a step at most; the engine's limit
   */
  public WholePrompts(BatchScheduler others, int promptRows) {
    this.others = others;
    this.promptRows = promptRows;
  }

  @Override
  public int plan(long nowNanos, WorkQueue waiting, BatchPlan plan) {
    for (int i = 0; i < waiting.size(); i++) {
      if (waiting.kind(i) == WorkKind.PREFILL) {
        plan.clear();
        plan.add(waiting, i, Math.min(waiting.rows(i), promptRows));
        return 1;
      }
    }
    return others.plan(nowNanos, waiting, plan);
  }
}
