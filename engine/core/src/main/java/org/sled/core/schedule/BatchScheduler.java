package org.sled.core.schedule;

/**
 * Decides what the next step computes. Pure: what it sees are its arguments, and the clock is one
 * of them. Implementations allocate nothing per call.
 */
public interface BatchScheduler {
  /**
   * Plans the next step.
   *
   * @param nowNanos the time
   * @param waiting who waits, oldest first; not changed
   * @param plan is cleared, then filled
   * @return how many sessions take part; 0 means wait
   */
  int plan(long nowNanos, WorkQueue waiting, BatchPlan plan);
}
