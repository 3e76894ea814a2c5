package org.sled.bench.cost;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Time of a step by its shape: so many sequences, each with so many rows. Between measured shapes
 * it is interpolated, beyond them extrapolated along the last two.
 *
 * @param target the target's file or name
 * @param device what computed, with the number of threads
 * @param numerics exact or fast
 * @param rowMultiple the engine fills the rows of a pass up to a multiple of this; 0 in tables that
 *     do not say: then exact ones were measured with a second row beside each lone one
 * @param rowLeast and to at least so many; 0 likewise
 * @param contextTokens tokens of each sequence when it was measured, about
 * @param sequences measured counts, ascending
 * @param rows measured rows per sequence, ascending
 * @param millis {@code millis[i][j]}: mean for {@code sequences[i]} × {@code rows[j]}, ms
 * @param resultMillis of that, what a row takes for its logits and their choice, ms: rows of a
 *     prompt, but for its last one, take so much less; 0 in tables that do not say
 */
@SuppressWarnings("ArrayRecordComponent") // numbers for arithmetic: never compared, nor a key
public record CostTable(
    String target,
    String device,
    String numerics,
    int rowMultiple,
    int rowLeast,
    int contextTokens,
    int[] sequences,
    int[] rows,
    double[][] millis,
    double resultMillis) {
  /** A step that takes so many times as long as one with more rows was disturbed. */
  private static final double MOST_SAVED = 1.5;

  /** Refuses what is no grid. */
  public CostTable {
    boolean grid =
        sequences.length > 0
            && rows.length > 0
            && millis.length == sequences.length
            && Arrays.stream(millis).allMatch(line -> line != null && line.length == rows.length);
    if (!grid || !ascends(sequences) || !ascends(rows)) {
      throw new IllegalArgumentException("a cost table is a grid over ascending counts");
    }
    if (rowMultiple == 0 && rowLeast == 0) {
      rowMultiple = 1;
      rowLeast = "exact".equals(numerics) ? 2 : 1;
    }
    if (rowMultiple < 1 || rowLeast < 1) {
      throw new IllegalArgumentException(
          "a cost table for passes of a multiple of "
              + rowMultiple
              + " rows, of "
              + rowLeast
              + " at least");
    }
  }

  /** A table that does not say what results take. */
  public CostTable(
      String target,
      String device,
      String numerics,
      int rowMultiple,
      int rowLeast,
      int contextTokens,
      int[] sequences,
      int[] rows,
      double[][] millis) {
    this(
        target, device, numerics, rowMultiple, rowLeast, contextTokens, sequences, rows, millis, 0);
  }

  private static boolean ascends(int[] values) {
    for (int i = 1; i < values.length; i++) {
      if (values[i] <= values[i - 1]) {
        return false;
      }
    }
    return values[0] > 0;
  }

  /** Time of a step, ms. */
  public double stepMillis(int sequenceCount, int rowsPerSequence) {
    int low = below(sequences, sequenceCount);
    int high = Math.min(low + 1, sequences.length - 1);
    double first = alongRows(millis[low], rowsPerSequence);
    return between(
        sequences[low],
        first,
        sequences[high],
        alongRows(millis[high], rowsPerSequence),
        sequenceCount);
  }

  private double alongRows(double[] line, int rowsPerSequence) {
    int low = below(rows, rowsPerSequence);
    int high = Math.min(low + 1, rows.length - 1);
    return between(rows[low], line[low], rows[high], line[high], rowsPerSequence);
  }

  /** Index of the left end of the interval for a value; the first or last one outside. */
  private static int below(int[] values, int value) {
    int index = 0;
    while (index + 2 < values.length && values[index + 1] <= value) {
      index++;
    }
    return index;
  }

  private static double between(double x0, double y0, double x1, double y1, double x) {
    if (x1 == x0) {
      return y0 * x / x0; // a single point: in proportion, the careful guess
    }
    // No shape is cheaper than the smallest one.
    return Math.max(y0 + (y1 - y0) * (x - x0) / (x1 - x0), Math.min(y0, y1) * Math.min(1, x / x0));
  }

  /**
   * Whether a step took much longer than one with more rows of as many sequences or more. A few
   * rows more can save a little, where kernels take them in groups; this much is the work of others
   * on the machine.
   */
  @JsonIgnore
  public boolean isDisturbed() {
    for (int i = 0; i < sequences.length; i++) {
      for (int j = 0; j < rows.length; j++) {
        for (int k = i; k < sequences.length; k++) {
          for (int l = j; l < rows.length; l++) {
            if (millis[i][j] > MOST_SAVED * millis[k][l]) {
              return true;
            }
          }
        }
      }
    }
    return false;
  }

  /** The table as lines of text, for people. */
  @JsonIgnore
  public List<String> lines() {
    StringBuilder head = new StringBuilder(String.format("%-22s", "rows per sequence"));
    for (int count : rows) {
      head.append(String.format("%9d", count));
    }
    List<String> lines = new ArrayList<>(List.of(head.toString()));
    for (int i = 0; i < sequences.length; i++) {
      String name = sequences[i] == 1 ? "1 sequence" : sequences[i] + " sequences";
      StringBuilder line = new StringBuilder(String.format("%-22s", name));
      for (double value : millis[i]) {
        line.append(String.format(Locale.ROOT, "%9.2f", value));
      }
      lines.add(line.append("  ms").toString());
    }
    return lines;
  }
}
