package org.sled.server.verify;

import org.sled.core.cost.StepCost;
import org.sled.core.cost.StepForecast;
import org.sled.core.cost.WorkKind;
import org.sled.core.price.SpeculationPrice;
import org.sled.core.schedule.BatchPlan;
import org.sled.core.schedule.SessionBook;
import org.sled.core.schedule.WorkQueue;
import org.sled.jni.StepStats;
import org.sled.server.observe.ServerStats;
import org.sled.server.target.TargetDescription;
import org.sled.server.target.TargetEngine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What each step teaches: what steps take, for the scheduler and for the engine's choice of passes,
 * and from that what drafts cost at present. Belongs to the verifier thread.
 */
final class CostModelUpdater {
  private static final double NANOS_PER_MILLI = 1e6;

  /** Steps between two looks at what a pass costs. */
  private static final long TUNING_STEPS = 200;

  private static final Logger LOG = LoggerFactory.getLogger(CostModelUpdater.class);

  private final TargetEngine engine;
  private final SessionBook book;
  private final StepCost cost;
  private final ServerStats stats;
  private final StepForecast forecast;
  private final SpeculationPrice price;
  private long nextTuningSteps;

  CostModelUpdater(
      TargetEngine engine,
      TargetDescription target,
      SessionBook book,
      StepCost cost,
      ServerStats stats) {
    this.engine = engine;
    this.book = book;
    this.cost = cost;
    this.stats = stats;
    forecast = new StepForecast(cost, target.sequences(), target.passRows(), target.rowRule());
    price = new SpeculationPrice(cost, target.passRows(), target.rowRule());
  }

  /** A step is put together. */
  void clear() {
    forecast.clear();
  }

  /** One slot of it, with so many of its session's tokens in the K/V cache. */
  void add(int sequence, WorkKind kind, int rows, int cached) {
    forecast.add(sequence, kind, rows, cached);
  }

  /**
   * It was computed.
   *
   * @param waitEndNanos until when its sessions waited
   * @param beginNanos when it began
   * @param plan what was in it
   * @param working sessions that it was planned from
   * @param queue what still waits
   */
  void computed(
      StepStats step,
      long waitEndNanos,
      long beginNanos,
      BatchPlan plan,
      int working,
      WorkQueue queue) {
    double expectedNanos = forecast.nanos();
    long stepNanos = step.computeNanos();
    forecast.observe(step.passes(), step.rows(), stepNanos);
    tune();
    // Who came since the step began still waits in the inbox.
    int awaited = book.awaitedCount(beginNanos);
    int reading = forecast.textSessions() + queue.size() - queue.prompts() + awaited;
    price.observe(forecast, (double) stepNanos, reading);
    int served = working + awaited; // prompts, too: they want tokens next
    price.set(served, book.acceptance());
    stats.step(step, stepNanos, (long) expectedNanos);
    stats.price(price.draftSeconds());
    if (LOG.isDebugEnabled()) {
      log(step, expectedNanos, beginNanos - waitEndNanos, plan, queue.size());
      LOG.debug(
          "{} sessions: {} ms per token without drafts, {} ms per draft, gain {}, {} drafts",
          served,
          1e3 * price.aloneSeconds(),
          1e3 * price.draftSeconds(),
          price.gain(),
          price.commonDrafts());
    }
  }

  /** What drafts cost at present. */
  SpeculationPrice price() {
    return price;
  }

  /** Tells the engine now and then what a pass costs: it weighs passes against padding by that. */
  private void tune() {
    if (cost.steps() >= nextTuningSteps) {
      nextTuningSteps = cost.steps() + TUNING_STEPS;
      engine.tune((int) Math.round(cost.passCostRows()));
    }
  }

  /** For people who look into a scheduler's decisions. */
  private void log(
      StepStats step, double expectedNanos, long idleNanos, BatchPlan plan, int waiting) {
    StringBuilder what = new StringBuilder();
    for (int i = 0; i < plan.size(); i++) {
      what.append(' ').append(plan.session(i)).append(':');
      what.append(plan.kind(i)).append('=').append(plan.rows(i));
    }
    LOG.debug(
        "step of {} rows in {} passes, contexts of {}: {} ms, expected {}; idle for {} ms before;{};"
            + " {} wait",
        step.rows(),
        step.passes(),
        Math.round(forecast.contextTokens()),
        step.computeNanos() / NANOS_PER_MILLI,
        expectedNanos / NANOS_PER_MILLI,
        idleNanos / NANOS_PER_MILLI,
        what,
        waiting);
  }
}
