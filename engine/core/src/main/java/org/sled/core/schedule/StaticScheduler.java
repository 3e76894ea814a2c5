package org.sled.core.schedule;

/**
 * The batching of the SLED paper (arXiv 2506.09397), to compare with: a step is computed when so
 * many blocks wait, or when the oldest has waited for so long. Blocks are never cut. With {@link
 * WholePrompts} around it, since the paper's server computes prompts whole.
 */
public final class StaticScheduler implements BatchScheduler {
  private final int batchSize;
  private final long timeoutNanos;

  /**
   * Creates the policy.
   *
   * @param batchSize blocks and pushes of a step at most
   * @param timeoutNanos that a step waits for more of them
   */
  public StaticScheduler(int batchSize, long timeoutNanos) {
    if (batchSize < 1 || timeoutNanos < 0) {
      throw new IllegalArgumentException(
          "batches of " + batchSize + ", timeout " + timeoutNanos + " ns");
    }
    this.batchSize = batchSize;
    this.timeoutNanos = timeoutNanos;
  }

  @Override
  public int plan(long nowNanos, WorkQueue waiting, BatchPlan plan) {
    plan.clear();
    if (waiting.size() == 0) {
      return 0;
    }
    long oldest = waiting.arrivalNanos(0);
    if (waiting.size() < batchSize && nowNanos - oldest < timeoutNanos) {
      plan.waitUntil(oldest + timeoutNanos);
      return 0;
    }
    for (int i = 0; i < waiting.size() && plan.size() < batchSize; i++) {
      plan.add(waiting, i, waiting.rows(i));
    }
    return plan.size();
  }
}
