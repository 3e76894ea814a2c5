package org.sled.core.cost;

import java.util.Arrays;

/**
 * What a step costs beyond its rows because the sequences of its blocks do not lie beside each
 * other: each gap between them is another pass over the weights, or is filled with rows that nobody
 * wants, whichever is cheaper.
 *
 * <p>Pure; belongs to one thread; allocates only when created.
 */
public final class GapCost {
  private final StepCost cost;
  private final boolean[] inStep; // by sequence
  private int longest;

  /** Creates it for so many sequences. */
  public GapCost(StepCost cost, int sequences) {
    this.cost = cost;
    inStep = new boolean[sequences];
  }

  /** Begins another step. */
  public void clear() {
    Arrays.fill(inStep, false);
    longest = 0;
  }

  /** A sequence takes part with so many rows; prompts' chunks have passes of their own. */
  public void add(int sequence, int rows) {
    inStep[sequence] = true;
    longest = Math.max(longest, rows);
  }

  /** Expected time of all gaps, ns; 0 if nothing was learnt. */
  public double nanos() {
    if (!cost.isKnown()) {
      return 0;
    }
    double total = 0;
    int gap = -1; // none before the first
    for (boolean taken : inStep) {
      if (!taken) {
        gap += gap >= 0 ? 1 : 0;
        continue;
      }
      if (gap > 0) {
        double rows = Math.min(cost.passCostRows(), (double) gap * longest);
        total += rows * cost.rowNanos();
      }
      gap = 0;
    }
    return total;
  }
}
