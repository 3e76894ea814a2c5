package org.sled.bench.cost;

import java.util.Map;
import java.util.TreeMap;

/**
 * Estimates what a step takes from what steps with fewer and with more rows took, whosever rows
 * they were: between two of them along a line, beyond the last along the line from about half as
 * many rows. One thread.
 */
public final class RowLine {
  private final TreeMap<Integer, Double> millis = new TreeMap<>();

  /** Without any step. */
  public RowLine() {}

  /** A step of so many rows in all took so long; of two with as many, the shorter counts. */
  public void add(int rows, double stepMillis) {
    millis.merge(rows, stepMillis, Math::min);
  }

  /** Whether there is anything to estimate from. */
  public boolean isEmpty() {
    return millis.isEmpty();
  }

  /** How many counts of rows there are steps for. */
  public int size() {
    return millis.size();
  }

  /** Most rows of a step; something must have been added. */
  public int mostRows() {
    return millis.lastKey();
  }

  /**
   * A table of what all shapes take.
   *
   * @param target the target's file or name
   * @param device what computed
   * @param exact whether with exact numerics
   * @param contextTokens of the sessions, about
   */
  public CostTable table(
      String target, String device, boolean exact, int contextTokens, int[] sequences, int[] rows) {
    double[][] shapes = new double[sequences.length][rows.length];
    for (int i = 0; i < sequences.length; i++) {
      for (int j = 0; j < rows.length; j++) {
        shapes[i][j] = Math.round(millis(sequences[i] * rows[j]) * 1e3) / 1e3;
      }
    }
    return new CostTable(
        target, device, exact ? "exact" : "fast", 0, 0, contextTokens, sequences, rows, shapes);
  }

  /** What a step of so many rows in all takes, ms; something must have been added. */
  public double millis(int rows) {
    Map.Entry<Integer, Double> low = millis.floorEntry(rows);
    Map.Entry<Integer, Double> high = millis.ceilingEntry(rows);
    if (low == null) {
      return high.getValue(); // no step is cheaper than the smallest
    }
    if (high == null) {
      high = low;
      low = millis.floorEntry(Math.max(millis.firstKey(), high.getKey() / 2));
    }
    if (low.getKey().equals(high.getKey())) {
      // One point only: the weights are read once, however many rows there are.
      return high.getValue() * Math.max(1, rows / (double) high.getKey() / 2);
    }
    double perRow = Math.max(0, high.getValue() - low.getValue()) / (high.getKey() - low.getKey());
    return low.getValue() + perRow * (rows - low.getKey());
  }
}
