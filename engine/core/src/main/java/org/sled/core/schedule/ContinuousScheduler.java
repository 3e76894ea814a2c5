package org.sled.core.schedule;

import org.sled.core.cost.WorkKind;

/**
 * Takes what waits whenever the engine is free.
 *
 * <p>Blocks and pushes go first, oldest first, since somebody reads along there. Prompts share what
 * is left, but at least {@code prefillRows} of a step, so that they are never starved; and at most
 * {@code prefillRows} as long as blocks take part, so that a long prompt does not make the others
 * wait for more than one chunk.
 */
public final class ContinuousScheduler implements BatchScheduler {
  private final int stepRows;
  private final int prefillRows;
  private final int chunkRows;

  /**
   * Creates the policy.
   *
   * @param stepRows rows of a step at most
   * @param prefillRows rows of prompts beside blocks in one step
   * @param chunkRows rows of one prompt in one step
   */
  public ContinuousScheduler(int stepRows, int prefillRows, int chunkRows) {
    if (chunkRows < 1 || prefillRows < chunkRows || stepRows < prefillRows) {
      throw new IllegalArgumentException(
          "chunk of "
              + chunkRows
              + " rows, prefill of "
              + prefillRows
              + ", step of "
              + stepRows
              + ": each must be at least 1 and not above the next");
    }
    this.stepRows = stepRows;
    this.prefillRows = prefillRows;
    this.chunkRows = chunkRows;
  }

  @Override
  public int plan(long nowNanos, WorkQueue waiting, BatchPlan plan) {
    plan.clear();
    int promptCount = waiting.prompts();
    boolean prompts = promptCount > 0;
    boolean blocks = promptCount < waiting.size();
    int promptBudget = prompts ? (blocks ? prefillRows : stepRows) : 0;
    int blockBudget = stepRows - (blocks ? promptBudget : stepRows);
    boolean blocksGoOn = true;
    for (int i = 0; i < waiting.size(); i++) {
      int rows = waiting.rows(i);
      if (waiting.kind(i) == WorkKind.PREFILL) {
        int granted = Math.min(Math.min(rows, chunkRows), promptBudget);
        if (granted > 0) {
          plan.add(waiting, i, granted);
          promptBudget -= granted;
        }
      } else if (blocksGoOn) {
        // A block longer than a whole step's budget goes alone: it cannot be cut.
        boolean first = plan.size() == 0;
        if (rows <= blockBudget || first) {
          plan.add(waiting, i, rows);
          blockBudget -= rows;
        } else {
          // Nobody overtakes: a small block behind a large one waits as well.
          blocksGoOn = false;
        }
      }
    }
    return plan.size();
  }
}
