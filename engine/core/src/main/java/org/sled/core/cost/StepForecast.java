package org.sled.core.cost;

/**
 * How long a step will take that is put together session by session, and what it teaches the cost
 * model afterwards.
 *
 * <p>Pure; belongs to one thread; allocates only when created.
 */
public final class StepForecast {
  private final StepCost cost;
  private final ShapeCost shape;
  private final ShapeCost text; // of blocks and pushes, without prompts
  private final GapCost gaps;
  private int rows;
  private int textRows;
  private int pushes;
  private long rowTokens; // that all rows attend to

  /**
   * Creates it.
   *
   * @param passRows rows of a pass, and of one session, at most
   * @param rule which counts of rows are computed
   */
  public StepForecast(StepCost cost, int sequences, int passRows, RowRule rule) {
    this.cost = cost;
    shape = new ShapeCost(cost, passRows, rule);
    text = new ShapeCost(cost, passRows, rule);
    gaps = new GapCost(cost, sequences);
  }

  /** Begins another step. */
  public void clear() {
    shape.clear();
    text.clear();
    gaps.clear();
    rows = 0;
    textRows = 0;
    pushes = 0;
    rowTokens = 0;
  }

  /**
   * Adds a session.
   *
   * @param cachedTokens with K/V before the step
   */
  public void add(int sequence, WorkKind kind, int sessionRows, int cachedTokens) {
    shape.add(sessionRows);
    if (kind != WorkKind.PREFILL) {
      gaps.add(sequence, sessionRows);
      text.add(sessionRows);
      textRows += sessionRows;
      pushes += kind == WorkKind.PUSH ? 1 : 0;
    }
    rows += sessionRows;
    rowTokens += (long) sessionRows * (cachedTokens + sessionRows);
  }

  /** Expected time of the step, ns; 0 if nothing was learnt. */
  public double nanos() {
    return cost.isKnown() ? cost.stepNanos(shape.nanos() + gaps.nanos(), rows, contextTokens()) : 0;
  }

  /** Tokens that a row attends to, the mean over all rows. */
  public double contextTokens() {
    return rows == 0 ? 0 : (double) rowTokens / rows;
  }

  /** How much of that its prompts take, 0 to 1. */
  public double promptShare() {
    if (textRows == rows) {
      return 0;
    }
    double all = shape.nanos();
    return all <= 0 ? 0 : Math.max(0, 1 - text.nanos() / all);
  }

  /** Rows of blocks and pushes. */
  public int textRows() {
    return textRows;
  }

  /** Sessions that the server goes on alone for. */
  public int pushes() {
    return pushes;
  }

  /** Sessions with blocks and pushes. */
  public int textSessions() {
    return text.sessions();
  }

  /**
   * Teaches the cost model.
   *
   * @param passes that the step took; 0: nothing was computed
   * @param computedRows rows in them, padding included
   * @param nanos it took
   */
  public void observe(int passes, int computedRows, long nanos) {
    if (passes > 0) {
      cost.observe(passes, computedRows, contextTokens(), (double) nanos);
    }
  }
}
