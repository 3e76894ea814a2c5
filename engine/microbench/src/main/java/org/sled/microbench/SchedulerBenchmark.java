package org.sled.microbench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.sled.core.cost.WorkKind;
import org.sled.core.schedule.BatchPlan;
import org.sled.core.schedule.ContinuousScheduler;
import org.sled.core.schedule.WorkQueue;

/** Planning a step: blocks of all sessions wait, are planned, taken, and wait again. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SchedulerBenchmark {
  @Param({"4", "64", "256"})
  private int sessions;

  private final ContinuousScheduler scheduler = new ContinuousScheduler(2048, 64, 32);
  private WorkQueue queue;
  private BatchPlan plan;

  /** An empty queue. */
  @Setup
  public void setUp() {
    queue = new WorkQueue(sessions);
    plan = new BatchPlan(sessions);
  }

  /** One round of everybody. */
  @Benchmark
  public int planStep() {
    for (int i = 0; i < sessions; i++) {
      queue.add(i, 0, WorkKind.BLOCK, 5, 100, i);
    }
    int planned = scheduler.plan(sessions, queue, plan);
    queue.take(plan);
    return planned;
  }
}
