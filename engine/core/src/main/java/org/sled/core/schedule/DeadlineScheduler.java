package org.sled.core.schedule;

import java.util.Arrays;
import java.util.stream.DoubleStream;
import org.sled.core.cost.ShapeCost;
import org.sled.core.cost.StepCost;

/**
 * Fills steps by what they bring and what they cost.
 *
 * <ul>
 *   <li><b>Trimming.</b> A draft is looked at only if the chance that it is of use is worth its
 *       rows: blocks are cut where that gives the most expected tokens per second of the engine,
 *       also to one length, since shorter ones are padded to share a pass. Under load that shortens
 *       them, down to the server's own token. Not where a session is served alone: nobody else has
 *       the time that a shorter block leaves, and its device has to make up for it by a round.
 *   <li><b>Gathering.</b> Sessions whose block is about to arrive are waited for, if one step for
 *       all costs less than two steps and the wait.
 *   <li><b>Chunks.</b> Prompts get a part of the time that blocks take: see {@link PromptChunks}.
 *       Where a chunk would not share a pass with the blocks, it has a step of its own, while the
 *       devices draft: verdicts do not wait for it, and the next blocks gather.
 *   <li><b>Objective.</b> If there is one, blocks whose readers have something left to read wait
 *       for the next step where they would make others late.
 * </ul>
 *
 * <p>As long as nothing is known about costs, it takes what waits.
 */
public final class DeadlineScheduler implements BatchScheduler {
  /** Logarithms of thresholds for the chance that a draft is of use; at the last none is. */
  private static final double[] LOG_THRESHOLDS =
      DoubleStream.of(
              0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.36, 0.43, 0.5, 0.57, 0.64, 0.72, 0.8, 0.9, 1)
          .map(Math::log)
          .toArray();

  /** Blocks are cut only if that brings so much more: fewer drafts are more rounds for a device. */
  private static final double LEAST_GAIN = 1.02;

  /** Drafts that all blocks may be cut to, to be of one length. */
  private static final int LONGEST_COMMON = 16;

  /** Waiting must save this part of the step. */
  private static final double LEAST_SAVING = 0.03;

  /** Sessions that are waited for in one decision at most. */
  private static final int MOST_EXPECTED = 64;

  private static final double IDLE_GAIN = 0.1;

  /** Blocks that come within so much of what they take are worth an idle engine. */
  private static final double MOST_IDLE = 0.5;

  private final SchedulerLimits limits;
  private final SessionBook book;
  private final StepCost cost;
  private final ShapeCost shape;
  private final ShapeCost others;
  private final FairOrder order;
  private final PromptChunks chunks;

  private final int[] chosen; // places in the queue of blocks and pushes, ascending
  private final int[] rows; // rows granted, by place in the queue; 0: not in this step
  private final double[] acceptance; // by index in chosen, as the next three
  private final double[] logAcceptance;
  private final int[] mostDrafts;
  private final int[] leastDrafts;
  private final int[] byDue;

  private final int[] expectedSessions = new int[MOST_EXPECTED];
  private final long[] expectedNanos = new long[MOST_EXPECTED];
  private int expectedCount;

  // The search for the drafts to look at.
  private double bestRate;
  private double bestThreshold;
  private int bestLongest;
  private int lastRows;

  private long gatheringSince = BatchPlan.NO_WAKE;
  private double idleNanos; // between steps, usually
  private long freeSinceNanos = BatchPlan.NO_WAKE;
  private double usualBlocksNanos;
  private boolean blocksAreDue; // prompts went before blocks that waited

  /**
   * Creates the policy.
   *
   * @param capacity of the queue and the book
   * @param book is kept by the caller: sessions opened, blocks arrived, verdicts given
   * @param cost is taught by the caller after each step
   */
  public DeadlineScheduler(int capacity, SchedulerLimits limits, SessionBook book, StepCost cost) {
    this.limits = limits;
    this.book = book;
    this.cost = cost;
    shape = new ShapeCost(cost, limits.stepRows(), limits.rule());
    others = new ShapeCost(cost, limits.stepRows(), limits.rule());
    order = new FairOrder(capacity);
    chunks = new PromptChunks(limits, cost);
    chosen = new int[capacity];
    rows = new int[capacity];
    acceptance = new double[capacity];
    logAcceptance = new double[capacity];
    mostDrafts = new int[capacity];
    leastDrafts = new int[capacity];
    byDue = new int[capacity];
  }

  @Override
  public int plan(long nowNanos, WorkQueue waiting, BatchPlan plan) {
    plan.clear();
    if (waiting.size() == 0) {
      gatheringSince = BatchPlan.NO_WAKE;
      freeSinceNanos = freeSinceNanos == BatchPlan.NO_WAKE ? nowNanos : freeSinceNanos;
      return 0;
    }
    Arrays.fill(rows, 0, waiting.size(), 0);
    int blocks = order.choose(waiting, limits.stepRows(), chosen);
    int prompts = waiting.prompts();
    double blocksNanos = 0;
    if (blocks > 0) {
      blocksNanos = chooseDrafts(waiting, blocks, nowNanos);
      if (limits.tokenNanos() > 0 && cost.isKnown()) {
        blocksNanos = holdBack(waiting, blocks, nowNanos);
      }
    }
    boolean alone = false;
    if (prompts > 0) {
      double usualNanos = blocksNanos > 0 ? blocksNanos : usualBlocksNanos;
      boolean othersAreServed = blocks > 0 || expectsAnybody(nowNanos);
      chunks.begin(waiting, rows, blocks, othersAreServed, usualNanos);
      alone = !blocksAreDue && blocks > 0 && chunks.goAlone(rows, blocksNanos);
      if (blocks == 0 && !chunks.isDue() && awaitBlocks(nowNanos, plan)) {
        return 0;
      }
    }
    if (alone) {
      Arrays.fill(rows, 0, waiting.size(), 0);
      blocks = 0;
    } else if (blocks > 0
        && cost.isKnown()
        && gather(nowNanos, waiting, blocks, blocksNanos, prompts > 0, plan)) {
      return 0;
    }
    blocksAreDue = blocks == 0; // if they come meanwhile
    if (prompts > 0) {
      chunks.add(rows, alone ? 0 : blocksNanos);
    }
    for (int i = 0; i < waiting.size(); i++) {
      if (rows[i] > 0) {
        plan.add(waiting, i, rows[i]);
      }
    }
    if (plan.size() > 0) {
      order.charge(waiting, plan);
      gatheringSince = BatchPlan.NO_WAKE;
      double idle = freeSinceNanos == BatchPlan.NO_WAKE ? 0 : nowNanos - freeSinceNanos;
      idleNanos += IDLE_GAIN * (idle - idleNanos);
      freeSinceNanos = BatchPlan.NO_WAKE;
      if (blocks > 0) {
        usualBlocksNanos = blocksNanos;
        if (prompts == 0) {
          chunks.earn(blocksNanos);
        }
      }
    }
    return plan.size();
  }

  // ---------------------------------------------------------------- trimming

  /** Decides how many drafts of each block are looked at; returns the expected time. */
  private double chooseDrafts(WorkQueue waiting, int blocks, long nowNanos) {
    int longest = 0;
    for (int i = 0; i < blocks; i++) {
      int session = waiting.session(chosen[i]);
      acceptance[i] = book.acceptance(session);
      logAcceptance[i] = Math.log(acceptance[i]);
      mostDrafts[i] = Math.min(waiting.rows(chosen[i]) - 1, book.credit(session));
      leastDrafts[i] = book.isProbeDue(session) ? Math.min(1, mostDrafts[i]) : 0;
      longest = Math.max(longest, mostDrafts[i]);
    }
    if (!cost.isKnown()) {
      grant(blocks, Double.NEGATIVE_INFINITY, longest);
      return 0;
    }
    if (waiting.size() == 1 && !expectsAnybody(nowNanos)) {
      grant(blocks, Double.NEGATIVE_INFINITY, longest);
      return shape.nanos();
    }
    bestRate = 0;
    bestThreshold = Double.NEGATIVE_INFINITY;
    bestLongest = longest;
    lastRows = -1;
    for (double threshold : LOG_THRESHOLDS) {
      tryGrant(blocks, threshold, longest);
    }
    // Blocks of one length share a pass without padding.
    double threshold = bestThreshold;
    for (int most = Math.min(longest, LONGEST_COMMON) - 1; most > 0; most--) {
      tryGrant(blocks, threshold, most);
    }
    grant(blocks, bestThreshold, bestLongest);
    return shape.nanos();
  }

  /** Keeps these limits if they bring more tokens per second than those before. */
  private void tryGrant(int blocks, double logThreshold, int longest) {
    int totalRows = grant(blocks, logThreshold, longest);
    if (totalRows == lastRows || totalRows > limits.stepRows()) {
      return; // cuts nothing more, or not enough
    }
    lastRows = totalRows;
    double rate = expectedTokens(blocks) / (shape.nanos() + idleNanos);
    if (rate > bestRate * (bestRate == 0 ? 1 : LEAST_GAIN)) {
      bestRate = rate;
      bestThreshold = logThreshold;
      bestLongest = longest;
    }
  }

  /**
   * Grants the drafts whose chance is above a threshold, of each block so many at most, and returns
   * all rows.
   */
  private int grant(int blocks, double logThreshold, int longest) {
    int total = 0;
    shape.clear();
    for (int i = 0; i < blocks; i++) {
      int place = chosen[i];
      int worth = (int) Math.min(mostDrafts[i], logThreshold / logAcceptance[i]);
      worth = Math.max(leastDrafts[i], Math.min(longest, worth));
      rows[place] = 1 + worth;
      total += rows[place];
      shape.add(rows[place]);
    }
    return total;
  }

  private double expectedTokens(int blocks) {
    double tokens = 0;
    for (int i = 0; i < blocks; i++) {
      double chance = 1;
      for (int row = rows[chosen[i]]; row > 0; row--) {
        tokens += chance;
        chance *= acceptance[i];
      }
    }
    return tokens;
  }

  // ---------------------------------------------------------------- an objective

  /**
   * Leaves out blocks whose readers can wait, where they would make others late; returns the
   * expected time.
   */
  private double holdBack(WorkQueue waiting, int blocks, long nowNanos) {
    double all = shape.nanos();
    long firstDue = Long.MAX_VALUE;
    for (int i = 0; i < blocks; i++) {
      firstDue = Math.min(firstDue, book.dueNanos(waiting.session(chosen[i])));
    }
    if (firstDue >= nowNanos + all) {
      return all; // nobody is made late
    }
    sortByDue(waiting, blocks);
    shape.clear();
    long earliest = Long.MAX_VALUE; // of those who can still be in time
    for (int i = 0; i < blocks; i++) {
      int place = byDue[i];
      shape.add(rows[place]);
      double end = nowNanos + shape.nanos();
      long due = book.dueNanos(waiting.session(place));
      boolean late = due < end;
      if (!late) {
        earliest = Math.min(earliest, due);
      }
      if (shape.sessions() > 1 && end > earliest) {
        shape.remove(rows[place]);
        rows[place] = 0;
      }
    }
    return shape.nanos();
  }

  private void sortByDue(WorkQueue waiting, int blocks) {
    for (int i = 0; i < blocks; i++) {
      int place = chosen[i];
      long due = book.dueNanos(waiting.session(place));
      int at = i;
      while (at > 0 && book.dueNanos(waiting.session(byDue[at - 1])) > due) {
        byDue[at] = byDue[at - 1];
        at--;
      }
      byDue[at] = place;
    }
  }

  // ---------------------------------------------------------------- gathering

  /** Whether to wait for blocks that will arrive soon; then the plan says until when. */
  private boolean gather(
      long nowNanos,
      WorkQueue waiting,
      int blocks,
      double blocksNanos,
      boolean prompts,
      BatchPlan plan) {
    boolean waitsAlready = gatheringSince != BatchPlan.NO_WAKE;
    long longest = (long) blocksNanos;
    if (waitsAlready && nowNanos - gatheringSince >= longest) {
      return false;
    }
    if (limits.tokenNanos() > 0 && anyDueBefore(nowNanos + longest, waiting, blocks)) {
      return false;
    }
    collectExpected(nowNanos, nowNanos + longest);
    others.clear();
    int rowsSoFar = shape.sessions();
    double bestSaving = (prompts ? 2 : 1) * LEAST_SAVING * blocksNanos;
    long until = 0;
    for (int i = 0; i < expectedCount; i++) {
      int sessionRows = Math.max(1, book.lastRows(expectedSessions[i]));
      rowsSoFar += sessionRows;
      if (rowsSoFar > limits.stepRows()) {
        break;
      }
      shape.add(sessionRows);
      others.add(sessionRows);
      double saving =
          blocksNanos + others.nanos() - shape.nanos() - Math.max(0, expectedNanos[i] - nowNanos);
      if (saving > bestSaving) {
        bestSaving = saving;
        until = book.latestNanos(expectedSessions[i]);
      }
    }
    if (until <= nowNanos) {
      return false;
    }
    long since = waitsAlready ? gatheringSince : nowNanos;
    idle(since, nowNanos, Math.min(until, since + longest), plan);
    return true;
  }

  /** Nothing is computed until then, although something waits. */
  private void idle(long sinceNanos, long nowNanos, long untilNanos, BatchPlan plan) {
    gatheringSince = sinceNanos;
    freeSinceNanos = freeSinceNanos == BatchPlan.NO_WAKE ? nowNanos : freeSinceNanos;
    plan.waitUntil(untilNanos);
  }

  /**
   * Whether to leave the engine idle for a moment, although a prompt waits: blocks are about to
   * come, which a chunk would hold up for longer than that.
   */
  private boolean awaitBlocks(long nowNanos, BatchPlan plan) {
    long since = gatheringSince == BatchPlan.NO_WAKE ? nowNanos : gatheringSince;
    long until = since + (long) (MOST_IDLE * usualBlocksNanos);
    if (until <= nowNanos) {
      return false;
    }
    collectExpected(nowNanos, until);
    if (expectedCount == 0) {
      return false;
    }
    idle(since, nowNanos, Math.min(book.latestNanos(expectedSessions[0]), until), plan);
    return true;
  }

  private boolean anyDueBefore(long nanos, WorkQueue waiting, int blocks) {
    for (int i = 0; i < blocks; i++) {
      boolean late = book.dueNanos(waiting.session(chosen[i])) < nanos;
      if (late && rows[chosen[i]] > 0) {
        return true;
      }
    }
    return false;
  }

  /** Finds the sessions whose blocks are due within a horizon, soonest first. */
  private void collectExpected(long nowNanos, long horizon) {
    expectedCount = 0;
    for (int i = 0; i < book.expectedCount(); i++) {
      int session = book.expectedSession(i);
      long at = book.expectedNanos(session);
      if (at >= horizon || book.latestNanos(session) <= nowNanos) {
        continue;
      }
      int place = Math.min(expectedCount, MOST_EXPECTED - 1);
      if (expectedCount == MOST_EXPECTED && expectedNanos[place] <= at) {
        continue;
      }
      while (place > 0 && expectedNanos[place - 1] > at) {
        expectedNanos[place] = expectedNanos[place - 1];
        expectedSessions[place] = expectedSessions[place - 1];
        place--;
      }
      expectedNanos[place] = at;
      expectedSessions[place] = session;
      expectedCount = Math.min(MOST_EXPECTED, expectedCount + 1);
    }
  }

  private boolean expectsAnybody(long nowNanos) {
    for (int i = 0; i < book.expectedCount(); i++) {
      int session = book.expectedSession(i);
      long at = book.expectedNanos(session);
      // Who is a little late will come.
      if (at != Long.MAX_VALUE && book.latestNanos(session) + usualBlocksNanos > nowNanos) {
        return true;
      }
    }
    return false;
  }
}
