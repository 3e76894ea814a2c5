package org.sled.core.schedule;

import org.sled.core.cost.ShapeCost;
import org.sled.core.cost.StepCost;
import org.sled.core.cost.WorkKind;

/**
 * How much of which prompts goes into a step.
 *
 * <p>Prompts get a part of the time that blocks take, so that they delay others by no more than
 * that, and never stand still. A part that is too small for a chunk is lent: the chunk goes at
 * once, since its reader waits for the first token, and others follow when blocks have had their
 * time. They share it: one step goes to the oldest first, the next to the shortest. Chunks are long
 * enough to be worth reading the weights for, and short prompts are not cut at all.
 *
 * <p>Pure; belongs to one thread; allocates only when created. For each step: {@link #begin}, then
 * {@link #goAlone} if blocks wait as well, then {@link #add}; or {@link #earn}, if no prompt waits.
 */
final class PromptChunks {
  /**
   * A chunk is worth reading the weights for if its rows cost no more than so many times what those
   * of the longest cost. Long prompts, which others have to live with for a while, come in shorter
   * ones.
   */
  private static final double MOST_ROW_COST = 1.05;

  private static final double MOST_LONG_ROW_COST = 1.3;

  private static final int LONGEST_LEAST_CHUNK = 64;

  /** Prompts of more than so many least chunks are long. */
  private static final int LONG_PROMPT_CHUNKS = 8;

  /**
   * Prompts of less than so many least chunks are not cut: that would be a pass more for little.
   */
  private static final int UNCUT_PROMPT_CHUNKS = 2;

  /** A pass that carries blocks as well may cost a little more than one of its own. */
  private static final double LEAST_CHUNK_MARGIN = 1.05;

  /** The end of a prompt may take a little more: a short rest would cost another pass. */
  private static final double REST_MARGIN = 1.2;

  /** Chunks and blocks go together if that saves so much of their time. */
  private static final double LEAST_SAVING = 0.03;

  private static final int[] CHUNKS = {512, 384, 256, 192, 128, 96, 64, 48, 32, 24, 16, 12, 8};

  private final SchedulerLimits limits;
  private final StepCost cost;
  private final ShapeCost shape;

  /** Time that prompts may take, by what blocks took; negative: chunks took it in advance. */
  private double creditNanos;

  private boolean shortestFirst;

  // Of the step at work.
  private WorkQueue waiting;
  private boolean othersAreServed;
  private int least; // rows of a chunk that is worth it
  private int first; // place of the prompt whose turn it is
  private int firstChunk; // rows of it
  private boolean isLong; // that prompt
  private boolean isDue;
  private double weight; // of the share
  private double budgetNanos;
  private double attentionNanos; // of the chunks in the step, beyond usual contexts
  private double besideNanos; // what the blocks in the step take; 0: there are none

  PromptChunks(SchedulerLimits limits, StepCost cost) {
    this.limits = limits;
    this.cost = cost;
    shape = new ShapeCost(cost, limits.stepRows(), limits.rule());
  }

  /**
   * Begins a step.
   *
   * @param newWaiting has a prompt
   * @param rows of the blocks, by place in the queue
   * @param blocks that could go into it
   * @param newOthersAreServed whether anybody would be delayed
   * @param usualNanos that blocks take
   */
  void begin(
      WorkQueue newWaiting, int[] rows, int blocks, boolean newOthersAreServed, double usualNanos) {
    waiting = newWaiting;
    othersAreServed = newOthersAreServed;
    first = next(rows);
    int context = waiting.contextTokens(first);
    int firstRows = waiting.rows(first);
    least = leastChunk(MOST_ROW_COST, 0);
    isLong = context + firstRows > LONG_PROMPT_CHUNKS * least;
    if (isLong) {
      // What a row attends to costs as much in a short chunk: where that is most of it, the weights
      // are soon paid for.
      least = leastChunk(MOST_LONG_ROW_COST, context);
    }
    firstChunk = Math.min(worth(firstRows), limits.promptRows());
    budgetNanos = budget(blocks, usualNanos);
  }

  /**
   * Whether prompts may take time in this step; if not, blocks are about to come, and have time to
   * get back.
   */
  boolean isDue() {
    return isDue;
  }

  /**
   * Time that chunks may take in this step, ns: the share, where more prompts wait than blocks as
   * much more; but enough for a chunk that is worth it.
   */
  private double budget(int blocks, double usualNanos) {
    isDue = true;
    if (!cost.isKnown()) {
      return 0;
    }
    // Nobody waits but prompts: as many rows as one pass takes well.
    double full =
        Math.max(cost.passNanos(limits.promptRows()) * 4, cost.passNanos(limits.stepRows()) / 4);
    if (!othersAreServed) {
      return full;
    }
    weight = Math.max(1, waiting.prompts() / (double) Math.max(1, blocks));
    double share = Math.min(full, limits.prefillShare() * usualNanos * weight);
    double enough =
        cost.passNanos(firstChunk) * LEAST_CHUNK_MARGIN + contextNanos(first, firstChunk);
    isDue = creditNanos + share > 0;
    // Of a long prompt no more at once, however many wait: it makes all of them late.
    return isDue ? Math.max(isLong ? share / weight : share, enough) : 0;
  }

  /**
   * Blocks are computed.
   *
   * @param blocksNanos that they take
   */
  void earn(double blocksNanos) {
    double share = limits.prefillShare() * blocksNanos;
    creditNanos = Math.min(creditNanos + share, share);
  }

  /**
   * Whether a chunk is due that had better have a step of its own, before the blocks that wait.
   *
   * @param rows of the blocks, by place in the queue
   * @param blocksNanos that they take
   */
  boolean goAlone(int[] rows, double blocksNanos) {
    if (!cost.isKnown()) {
      return false;
    }
    shape.clear();
    shape.add(firstChunk);
    double alone = shape.nanos();
    if (alone + contextNanos(first, firstChunk) > budgetNanos) {
      return false;
    }
    collect(rows);
    shape.add(firstChunk);
    return !savesAPass(blocksNanos + alone, shape.nanos(), blocksNanos);
  }

  /**
   * Adds chunks to a step.
   *
   * @param rows of the blocks in it, by place in the queue; those of the chunks are written there
   * @param blocksNanos that the blocks take; 0 if there are none
   */
  void add(int[] rows, double blocksNanos) {
    besideNanos = blocksNanos;
    boolean any = false;
    int rowsLeft = limits.stepRows();
    int blockRows = 0;
    collect(rows);
    for (int i = 0; i < waiting.size(); i++) {
      rowsLeft -= rows[i];
      blockRows = Math.max(blockRows, rows[i]);
    }
    double stepNanos = blocksNanos;
    attentionNanos = 0;
    while (rowsLeft > 0) {
      int place = next(rows);
      if (place < 0) {
        break;
      }
      int most = Math.min(Math.min(waiting.rows(place), limits.promptRows()), rowsLeft);
      int worth = worth(most);
      int chunk = chunkWithin(place, most, worth, blockRows, blocksNanos + budgetNanos);
      if (chunk == 0 && shape.sessions() == 0) {
        chunk = worth; // whatever is known of costs: somebody goes on
      }
      if (chunk == 0) {
        break;
      }
      rows[place] = chunk;
      any = true;
      rowsLeft -= chunk;
      shape.add(chunk);
      attentionNanos += contextNanos(place, chunk);
      stepNanos = cost.isKnown() ? shape.nanos() + attentionNanos : 0;
      if (chunk < most) {
        break; // no time is left
      }
    }
    shortestFirst ^= any;
    if (othersAreServed && cost.isKnown()) {
      // A chunk that was not due took only time that nobody wanted.
      creditNanos -= isDue ? stepNanos - blocksNanos : 0;
      if (blocksNanos > 0) {
        earn(blocksNanos * weight);
      }
    } else {
      creditNanos = 0;
    }
  }

  private void collect(int[] rows) {
    shape.clear();
    for (int i = 0; i < waiting.size(); i++) {
      if (rows[i] > 0) {
        shape.add(rows[i]);
      }
    }
  }

  /**
   * The prompt whose turn it is; −1 for none.
   *
   * @param rows those with rows already do not count
   */
  private int next(int[] rows) {
    int place = -1;
    for (int i = 0; i < waiting.size(); i++) {
      if (waiting.kind(i) != WorkKind.PREFILL || rows[i] > 0) {
        continue;
      }
      if (!shortestFirst) {
        return i;
      }
      if (place < 0 || waiting.rows(i) < waiting.rows(place)) {
        place = i;
      }
    }
    return place;
  }

  /**
   * The longest chunk that fits into a step of so many ns; 0 for none.
   *
   * @param worth rows that are worth it
   * @param blockRows of the longest block: a chunk of as many goes into the same pass
   */
  private int chunkWithin(int place, int most, int worth, int blockRows, double stepNanos) {
    double margin = most == waiting.rows(place) ? REST_MARGIN : 1;
    if (!cost.isKnown() || fits(place, most, stepNanos * margin)) {
      return most;
    }
    for (int chunk : CHUNKS) {
      if (chunk < most && chunk > worth && fits(place, chunk, stepNanos)) {
        return chunk;
      }
    }
    if (worth < most && fits(place, worth, stepNanos)) {
      return worth;
    }
    return blockRows > 0 && blockRows < most && fits(place, blockRows, stepNanos) ? blockRows : 0;
  }

  /**
   * The shortest chunk of a prompt that is worth it: all of a short one, if that is not much more,
   * and half of what a long one has left.
   */
  private int worth(int promptRows) {
    if (promptRows <= least) {
      return promptRows;
    }
    if (promptRows >= UNCUT_PROMPT_CHUNKS * least) {
      return least;
    }
    return isLong ? (promptRows + 1) / 2 : promptRows;
  }

  private int leastChunk(double mostRowCost, double contextTokens) {
    int most = Math.min(LONGEST_LEAST_CHUNK, limits.promptRows());
    if (!cost.isKnown()) {
      return most;
    }
    double rowNanos = mostRowCost * rowNanos(limits.promptRows(), contextTokens);
    int least = most;
    for (int chunk : CHUNKS) {
      if (chunk < least && rowNanos(chunk, contextTokens) <= rowNanos) {
        least = chunk;
      }
    }
    return least;
  }

  /** What a row of a chunk costs, ns. */
  private double rowNanos(int chunk, double contextTokens) {
    return cost.passNanos(chunk) / chunk + Math.max(0, cost.contextNanos(1, contextTokens));
  }

  /** Whether a chunk fits into the time, and shares a pass if there are blocks. */
  private boolean fits(int place, int chunk, double stepNanos) {
    double before = besideNanos > 0 ? shape.nanos() : 0;
    shape.add(chunk);
    double nanos = shape.nanos();
    shape.remove(chunk);
    return nanos + attentionNanos + contextNanos(place, chunk) <= stepNanos
        && (besideNanos == 0 || savesAPass(before + cost.passNanos(chunk), nanos, besideNanos));
  }

  /** What a chunk's context takes beyond a usual one, ns. */
  private double contextNanos(int place, int chunk) {
    return Math.max(0, cost.contextNanos(chunk, waiting.contextTokens(place) + chunk / 2.0));
  }

  /** Whether chunk and blocks take less time together. */
  private static boolean savesAPass(double apart, double together, double blocksNanos) {
    return apart - together >= LEAST_SAVING * blocksNanos;
  }
}
