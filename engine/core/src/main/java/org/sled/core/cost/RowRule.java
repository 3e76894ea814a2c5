package org.sled.core.cost;

/**
 * Which counts of rows the engine computes: with exact numerics the rows of a pass, those of all
 * its sessions together, are filled up with padding.
 *
 * @param multiple rows of a pass are a multiple of this, at least 1
 * @param least and at least so many
 */
public record RowRule(int multiple, int least) {
  /** Nothing is filled up. */
  public static final RowRule ANY = new RowRule(1, 1);

  /** A pass of a single row gets another one. */
  public static final RowRule NO_LONE_ROW = new RowRule(1, 2);

  public RowRule {
    if (multiple < 1 || least < 1) {
      throw new IllegalArgumentException(
          "passes of a multiple of " + multiple + " rows, of " + least + " at least");
    }
  }

  /** So many rows, or as few more as are computed instead. */
  public int fill(int rows) {
    int enough = Math.max(rows, least);
    return (enough + multiple - 1) / multiple * multiple;
  }

  /**
   * Rows of each session if so many bring so many rows each into one pass: every session gets
   * equally many more.
   */
  public int fillEach(int sessions, int rows) {
    int each = rows;
    while (fill(sessions * each) != sessions * each) {
      each++; // ends at fill(rows)
    }
    return each;
  }
}
