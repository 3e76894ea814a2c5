package org.sled.core.schedule;

import org.sled.core.cost.RowRule;

/**
 * What bounds a step.
 *
 * @param stepRows rows in all
 * @param promptRows rows of one prompt
 * @param rule which counts of rows are computed
 * @param prefillShare part of the time that blocks take which prompts may take beside them, above 0
 * @param tokenNanos an objective: time per token within which readers should get theirs; 0 for none
 */
public record SchedulerLimits(
    int stepRows, int promptRows, RowRule rule, double prefillShare, long tokenNanos) {
  public SchedulerLimits {
    if (promptRows < 1 || stepRows < promptRows) {
      throw new IllegalArgumentException(
          "steps of " + stepRows + " rows, prompts of " + promptRows + " rows in them");
    }
    if (!(prefillShare > 0) || tokenNanos < 0) {
      throw new IllegalArgumentException(
          "a prefill share of " + prefillShare + ", an objective of " + tokenNanos + " ns");
    }
  }
}
