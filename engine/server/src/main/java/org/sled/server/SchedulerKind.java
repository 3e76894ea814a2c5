package org.sled.server;

/** How steps are filled. */
public enum SchedulerKind {
  /**
   * The SLED paper's: so many blocks, or a timeout; prompts whole. {@link
   * org.sled.core.schedule.StaticScheduler}.
   */
  STATIC,
  /** Whatever waits when the engine is free. {@link org.sled.core.schedule.ContinuousScheduler}. */
  CONTINUOUS,
  /** By what blocks bring and cost. {@link org.sled.core.schedule.DeadlineScheduler}. */
  DEADLINE
}
