package org.sled.core.cost;

/**
 * What a step of sessions with so many rows each is expected to cost: rows are put into passes as
 * the engine does it, sessions of equal or padded length together, whichever is cheapest.
 *
 * <p>Pure; belongs to one thread; allocates only when created.
 */
public final class ShapeCost {
  private final StepCost cost;
  private final int passRows;
  private final RowRule rule;
  private final int[] sessionsByRows;
  private final int[] lengths;
  private final int[] counts;
  private final double[] best;
  private int longest;
  private int sessions;

  /**
   * Creates an empty shape.
   *
   * @param cost of a pass
   * @param passRows rows of a pass, and of one session, at most
   * @param rule which counts of rows are computed
   */
  public ShapeCost(StepCost cost, int passRows, RowRule rule) {
    this.cost = cost;
    this.passRows = passRows;
    this.rule = rule;
    sessionsByRows = new int[passRows + 1];
    lengths = new int[passRows + 1];
    counts = new int[passRows + 1];
    best = new double[passRows + 2];
  }

  /** Empties it. */
  public void clear() {
    for (int i = 1; i <= longest; i++) {
      sessionsByRows[i] = 0;
    }
    longest = 0;
    sessions = 0;
  }

  /**
   * Adds a session.
   *
   * @param rows 1 to passRows
   */
  public void add(int rows) {
    sessionsByRows[rows]++;
    longest = Math.max(longest, rows);
    sessions++;
  }

  /** Takes a session out again. */
  public void remove(int rows) {
    sessionsByRows[rows]--;
    sessions--;
  }

  /** How many sessions take part. */
  public int sessions() {
    return sessions;
  }

  /** Expected time in contexts of usual length, ns; 0 for an empty step. */
  public double nanos() {
    int groups = 0;
    for (int rows = longest; rows >= 1; rows--) {
      if (sessionsByRows[rows] > 0) {
        lengths[groups] = rows;
        counts[groups] = sessionsByRows[rows];
        groups++;
      }
    }
    best[groups] = 0;
    for (int i = groups - 1; i >= 0; i--) {
      best[i] = Double.MAX_VALUE;
      int members = 0;
      for (int j = i; j < groups; j++) {
        members += counts[j];
        best[i] = Math.min(best[i], groupNanos(members, lengths[i]) + best[j + 1]);
      }
    }
    return best[0];
  }

  private double groupNanos(int members, int rows) {
    // Where one pass does not hold them all, what the last one is filled up with hardly counts.
    int each = members * rows <= passRows ? rule.fillEach(members, rows) : rows;
    return cost.passesNanos(members, each, passRows);
  }
}
