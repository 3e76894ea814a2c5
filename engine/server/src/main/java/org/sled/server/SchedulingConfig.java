package org.sled.server;

import org.sled.core.cost.StepCost;
import org.sled.core.schedule.BatchScheduler;
import org.sled.core.schedule.ContinuousScheduler;
import org.sled.core.schedule.DeadlineScheduler;
import org.sled.core.schedule.SchedulerLimits;
import org.sled.core.schedule.Scheduling;
import org.sled.core.schedule.SessionBook;
import org.sled.core.schedule.StaticScheduler;
import org.sled.core.schedule.WholePrompts;
import org.sled.server.target.TargetDescription;

/**
 * How the sessions of a daemon share its target.
 *
 * @param kind what fills steps
 * @param batchSize of the static scheduler, sessions
 * @param batchTimeoutMillis of the static scheduler
 * @param prefillChunk rows of one prompt in a step at most; {@link #AUTO_CHUNK}, or {@link
 *     #WHOLE_PROMPTS}
 * @param prefillShare part of the time of blocks that prompts may take beside them, with the
 *     deadline scheduler
 * @param tokenMillis objective of the deadline scheduler: time per token; 0 for none
 * @param swapBytes K/V of idle sessions in host memory at most, when others need their sequences
 * @param sharesPrefixes whether K/V of common beginnings of prompts is computed once
 */
public record SchedulingConfig(
    SchedulerKind kind,
    int batchSize,
    double batchTimeoutMillis,
    int prefillChunk,
    double prefillShare,
    double tokenMillis,
    long swapBytes,
    boolean sharesPrefixes) {
  /** As many rows as the scheduler and the engine like. */
  public static final int AUTO_CHUNK = 0;

  /** No chunks: nothing else goes on while a prompt is computed. */
  public static final int WHOLE_PROMPTS = -1;

  /** What measured best. */
  public static final SchedulingConfig DEFAULT =
      new SchedulingConfig(SchedulerKind.DEADLINE, 8, 20, AUTO_CHUNK, 1.75, 0, 1L << 30, true);

  /** Rows of a step: those of one pass over the weights. */
  private static final int STEP_ROWS = 512;

  /** Rows of all prompts beside blocks in one step, with the continuous scheduler. */
  private static final int PREFILL_ROWS = 64;

  /**
   * Rows of one prompt in a step with the continuous scheduler and exact numerics: a third of what
   * would make a neighbour's verdict wait noticeably on a CPU.
   */
  private static final int CHUNK_ROWS = 32;

  private static final double NANOS_PER_MILLI = 1e6;

  /** Checks the values. */
  public SchedulingConfig {
    require(batchSize >= 1, "a batch size of " + batchSize + " is below 1");
    require(batchTimeoutMillis >= 0, "a batch timeout of " + batchTimeoutMillis + " ms");
    require(prefillChunk >= WHOLE_PROMPTS, "a prefill chunk of " + prefillChunk + " rows");
    require(prefillShare > 0 && prefillShare <= 100, "a prefill share of " + prefillShare);
    require(tokenMillis >= 0, "an objective of " + tokenMillis + " ms per token");
    require(swapBytes >= 0, "a swap of " + swapBytes + " bytes");
  }

  private static void require(boolean holds, String problem) {
    if (!holds) {
      throw new IllegalArgumentException(problem + " is not possible");
    }
  }

  /** Makes the policy for a target. */
  public Scheduling create(TargetDescription target) {
    int slotRows = target.slotRows();
    SessionBook book = new SessionBook(target.sessionNumbers());
    StepCost cost = new StepCost();
    long tokenNanos = (long) (tokenMillis * NANOS_PER_MILLI);
    BatchScheduler scheduler =
        switch (kind) {
          case STATIC ->
              new StaticScheduler(batchSize, (long) (batchTimeoutMillis * NANOS_PER_MILLI));
          case CONTINUOUS -> {
            int chunk =
                chunk(Math.min(slotRows, target.exactNumerics() ? CHUNK_ROWS : PREFILL_ROWS));
            yield new ContinuousScheduler(STEP_ROWS, Math.max(chunk, PREFILL_ROWS), chunk);
          }
          case DEADLINE ->
              new DeadlineScheduler(
                  target.sequences(),
                  new SchedulerLimits(
                      STEP_ROWS,
                      chunk(Math.min(slotRows, STEP_ROWS)),
                      target.rowRule(),
                      prefillShare,
                      tokenNanos),
                  book,
                  cost);
        };
    boolean whole = prefillChunk == WHOLE_PROMPTS || kind == SchedulerKind.STATIC;
    return new Scheduling(
        whole ? new WholePrompts(scheduler, slotRows) : scheduler,
        book,
        cost,
        tokenNanos,
        swapBytes,
        sharesPrefixes);
  }

  private int chunk(int auto) {
    return prefillChunk > 0 ? Math.min(prefillChunk, auto) : auto;
  }
}
