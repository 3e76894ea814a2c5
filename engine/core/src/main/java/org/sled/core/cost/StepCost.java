package org.sled.core.cost;

import java.util.Arrays;

/**
 * What a pass over the weights costs by its rows: a table, learnt from every step.
 *
 * <p>A step takes factor · (Σ table(rows of a pass) + attention · Σ rows · context). Between the
 * table's row counts it is interpolated. Each step corrects all three. The factor first: most
 * errors are a machine's that is slower as a whole for a while, and would else be charged for good
 * to the row counts that were in use then, which nobody would try again. Errors that come and go
 * with long contexts are the attention's: a Kalman filter over those two tells them apart. The
 * table takes a little at the places that a step used, and the factor returns to 1 as it learns, so
 * that they cannot run away from each other. Pure; belongs to one thread; allocates only when
 * created.
 */
public final class StepCost {
  /** Row counts of the table. */
  private static final int[] ROWS = {
    1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024, 8192
  };

  /** Share of a step's error that a place of the table takes over at first. */
  private static final double FIRST_TABLE_GAIN = 0.3;

  /**
   * Share of a step's error that a place takes over that was never measured, but reckoned from
   * others.
   */
  private static final double UNMEASURED_TABLE_GAIN = 0.9;

  /** Variance of a place that was never measured, relative. */
  private static final double UNMEASURED_NOISE = 1;

  /** Share of a step's error that a place of the table takes over once it was corrected often. */
  private static final double TABLE_GAIN = 0.02;

  /** What another run has learnt is as good as corrected so often: a cold start teaches little. */
  private static final double TRUSTED_CORRECTIONS = 4;

  /** Variance of a step's time that nothing explains, relative. */
  private static final double NOISE = 0.08 * 0.08;

  /**
   * Variance that a step adds to the common factor: about a fifth of an error is taken for that.
   */
  private static final double FACTOR_DRIFT = 0.02 * 0.02;

  /**
   * Variance that a step adds to the attention factor, in its unit; machines differ in it, but none
   * changes it.
   */
  private static final double ATTENTION_DRIFT = 0.01 * 0.01;

  /** Variance of both before anything was learnt. */
  private static final double FIRST_FACTOR_VARIANCE = 0.1;

  private static final double MOST_ATTENTION_VARIANCE = 4;

  /** Variance of an attention factor that another run has learnt. */
  private static final double TRUSTED_ATTENTION_VARIANCE = 1;

  /** How fast the factor returns to 1, as table and attention take its part. */
  private static final double FACTOR_FADES = 0.002;

  /** The attention's unit is that of a row that costs as much otherwise as so many tokens. */
  private static final double EQUAL_TOKENS = 4096;

  private static final double LEAST_EQUAL_TOKENS = 1;
  private static final double MOST_EQUAL_TOKENS = 1 << 20;

  private static final double USUAL_CONTEXT_GAIN = 0.02;

  /** A step this many times off was held up by something else, and teaches only that much. */
  private static final double LARGEST_ERROR = 0.5;

  /** Numbers above that, kept from an earlier run, are damaged. */
  private static final double MOST_STATE = 1e15;

  private static final double MOST_FACTOR = 1e3;

  /** A step takes that part of what it takes in contexts of usual length at least. */
  private static final double LEAST_PASS_SHARE = 0.3;

  /** Rows that cost as much as reading the weights, until something was measured. */
  private static final double FIRST_PASS_COST_ROWS = 8;

  private static final double MOST_PASS_COST_ROWS = 512;

  /** Between these a row's cost is taken. */
  private static final int FEW_ROWS = 2;

  private static final int MANY_ROWS = 32;

  private final double[] tableNanos = new double[ROWS.length];
  private final double[] corrections = new double[ROWS.length]; // of each place
  private final boolean[] measured = new boolean[ROWS.length]; // each place
  private double factor = 1;
  private double attentionNanos; // of a row and a token; 0: not known
  private double usualContext;
  private double factorVariance = FIRST_FACTOR_VARIANCE; // relative
  private double attentionVariance = MOST_ATTENTION_VARIANCE; // in units
  private double covariance;
  private long steps;

  /** Whether anything was learnt; before that nothing can be predicted. */
  public boolean isKnown() {
    return steps > 0;
  }

  /** Steps that were learnt from, also those before a {@link #restore}. */
  public long steps() {
    return steps;
  }

  /**
   * Time of one pass in a context of usual length, ns; 0 if nothing was learnt.
   *
   * @param rows at least 1
   */
  public double passNanos(int rows) {
    return factor * (tableNanos(rows) + attentionNanos * rows * usualContext);
  }

  private double tableNanos(int rows) {
    int place = place(rows);
    double weight = weight(place, rows);
    return tableNanos[place] * (1 - weight) + tableNanos[place + 1] * weight;
  }

  /**
   * Time of as many passes as sessions of equal length take, in contexts of usual length, ns; 0 if
   * nothing was learnt.
   *
   * @param sessions at least 1
   * @param rows of each, at least 1
   * @param passRows rows of a pass at most; a longer session has one of its own
   */
  public double passesNanos(int sessions, int rows, int passRows) {
    int perPass = Math.max(1, passRows / rows);
    int full = sessions / perPass;
    int rest = sessions % perPass;
    return (full == 0 ? 0 : full * passNanos(perPass * rows))
        + (rest == 0 ? 0 : passNanos(rest * rows));
  }

  /**
   * Time of a step, ns; 0 if nothing was learnt.
   *
   * @param passNanos of its passes in contexts of usual length
   * @param rows of the step
   * @param contextTokens that each of them attends to
   */
  public double stepNanos(double passNanos, int rows, double contextTokens) {
    // Short contexts save attention, not the weights.
    return Math.max(LEAST_PASS_SHARE * passNanos, passNanos + contextNanos(rows, contextTokens));
  }

  /** What a context takes beyond one of usual length, ns; negative if it is shorter. */
  public double contextNanos(int rows, double contextTokens) {
    return factor * attentionNanos * rows * (contextTokens - usualContext);
  }

  /**
   * Rows that cost as much as reading the weights once more. What a pass over one row costs, by
   * what each of the next rows adds.
   */
  public double passCostRows() {
    if (!isKnown()) {
      return FIRST_PASS_COST_ROWS;
    }
    double perRow = rowNanos();
    double fixed = passNanos(FEW_ROWS) - FEW_ROWS * perRow;
    return perRow <= 0 ? MOST_PASS_COST_ROWS : within(1, MOST_PASS_COST_ROWS, fixed / perRow);
  }

  /** What one of a pass's first rows adds, ns; 0 if nothing was learnt. */
  public double rowNanos() {
    return (passNanos(MANY_ROWS) - passNanos(FEW_ROWS)) / (MANY_ROWS - FEW_ROWS);
  }

  /** What a row adds, without attention and factor; never nothing, as {@link #passCostRows}. */
  private double tableRowNanos() {
    double few = tableNanos(FEW_ROWS);
    double each = (tableNanos(MANY_ROWS) - few) / (MANY_ROWS - FEW_ROWS);
    return Math.max(few / MOST_PASS_COST_ROWS, each);
  }

  private static double within(double least, double most, double value) {
    return Math.max(least, Math.min(most, value));
  }

  /**
   * Learns from a step.
   *
   * @param passes over the weights, at least 1
   * @param rows of all of them
   * @param contextTokens that each row attended to
   * @param nanos it took
   */
  public void observe(int passes, int rows, double contextTokens, double nanos) {
    int passRows = Math.max(1, Math.round((float) rows / passes));
    if (!isKnown()) {
      double unit = nanos / passes / (FIRST_PASS_COST_ROWS + passRows);
      for (int i = 0; i < ROWS.length; i++) {
        tableNanos[i] = unit * (FIRST_PASS_COST_ROWS + ROWS[i]);
      }
      usualContext = contextTokens;
      steps = 1;
      return;
    }
    double tableShare = factor * passes * tableNanos(passRows);
    double attentionShare = factor * attentionNanos * rows * contextTokens;
    double expected = tableShare + attentionShare;
    double error = within(-LARGEST_ERROR, LARGEST_ERROR, nanos / expected - 1);
    learnFactorAndAttention(
        error, factor * rows * contextTokens / expected, unmeasuredShare(passRows));
    learnTable(passRows, error * tableShare / expected * tableNanos(passRows));
    usualContext += USUAL_CONTEXT_GAIN * (contextTokens - usualContext);
    steps++;
  }

  /**
   * Puts what was measured on an idle machine into the table; before anything else is learnt.
   *
   * @param nanos of a pass of so many rows; measurements come in ascending order of rows
   */
  public void calibrate(int rows, double nanos) {
    int place = Arrays.binarySearch(ROWS, rows);
    if (place < 0) {
      throw new IllegalArgumentException(rows + " rows are not in the table");
    }
    if (place == 0 || !isKnown()) {
      Arrays.fill(tableNanos, nanos);
    }
    tableNanos[place] = place == 0 ? nanos : Math.max(nanos, tableNanos[place - 1]);
    measured[place] = true;
    // What lies behind goes on as steeply as the last two measurements.
    int before = Math.max(0, place - 2);
    double perRow =
        place == 0 ? 0 : (tableNanos[place] - tableNanos[before]) / (ROWS[place] - ROWS[before]);
    for (int i = place + 1; i < ROWS.length; i++) {
      tableNanos[i] = tableNanos[place] + perRow * (ROWS[i] - rows);
    }
    steps++;
  }

  /** From an error of one pass, in the table's unit. */
  private void learnTable(int rows, double error) {
    int place = place(rows);
    double weight = weight(place, rows);
    double norm = (1 - weight) * (1 - weight) + weight * weight;
    correct(place, 1 - weight, error / norm);
    correct(place + 1, weight, error / norm);
    // More rows never cost less.
    if (weight > 0 && tableNanos[place + 1] < tableNanos[place]) {
      double middle = (tableNanos[place] + tableNanos[place + 1]) / 2;
      tableNanos[place] = middle;
      tableNanos[place + 1] = middle;
    }
    int last = weight > 0 ? place + 1 : place;
    int first = weight < 1 ? place : place + 1;
    for (int i = last + 1; i < ROWS.length; i++) {
      tableNanos[i] = Math.max(tableNanos[i], tableNanos[i - 1]);
    }
    for (int i = first - 1; i >= 0; i--) {
      tableNanos[i] = Math.min(tableNanos[i], tableNanos[i + 1]);
    }
  }

  private void correct(int place, double weight, double error) {
    double first = measured[place] ? FIRST_TABLE_GAIN : UNMEASURED_TABLE_GAIN;
    double gain = Math.max(TABLE_GAIN, first / (1 + corrections[place]));
    tableNanos[place] = Math.max(1, tableNanos[place] + gain * weight * error);
    corrections[place] += weight;
    measured[place] |= corrections[place] >= 1;
  }

  /**
   * A step of the Kalman filter.
   *
   * @param error of the step, relative
   * @param weight by how much the step grows, relative, with each ns of attention to a token
   * @param unmeasured share of what was expected that nobody has measured before
   */
  private void learnFactorAndAttention(double error, double weight, double unmeasured) {
    double row = tableRowNanos();
    double unit = row / EQUAL_TOKENS;
    double units = weight * unit;
    factorVariance += FACTOR_DRIFT;
    attentionVariance = Math.min(MOST_ATTENTION_VARIANCE, attentionVariance + ATTENTION_DRIFT);
    double withFactor = factorVariance + units * covariance;
    double withAttention = covariance + units * attentionVariance;
    double noise = NOISE + unmeasured * unmeasured * UNMEASURED_NOISE;
    double variance = noise + withFactor + units * withAttention;
    factorVariance -= withFactor * withFactor / variance;
    covariance -= withFactor * withAttention / variance;
    attentionVariance -= withAttention * withAttention / variance;
    factor = Math.pow(factor * (1 + error * withFactor / variance), 1 - FACTOR_FADES);
    attentionNanos =
        within(
            row / MOST_EQUAL_TOKENS,
            row / LEAST_EQUAL_TOKENS,
            attentionNanos + unit * error * withAttention / variance);
  }

  private double unmeasuredShare(int rows) {
    int place = place(rows);
    double weight = weight(place, rows);
    return (measured[place] ? 0 : 1 - weight) + (measured[place + 1] ? 0 : weight);
  }

  private static int place(int rows) {
    if (rows < 1) {
      throw new IllegalArgumentException("rows is " + rows + ", below 1");
    }
    int last = ROWS.length - 2;
    for (int i = 0; i < last; i++) {
      if (rows < ROWS[i + 1]) {
        return i;
      }
    }
    return last;
  }

  private static double weight(int place, int rows) {
    return (rows - ROWS[place]) / (double) (ROWS[place + 1] - ROWS[place]);
  }

  /** All that was learnt, for a file: see {@link #restore}. */
  public double[] state() {
    double[] state = Arrays.copyOf(tableNanos, tableNanos.length + 4);
    state[tableNanos.length] = factor;
    state[tableNanos.length + 1] = attentionNanos;
    state[tableNanos.length + 2] = usualContext;
    state[tableNanos.length + 3] = steps;
    return state;
  }

  /**
   * Takes over what another run learnt.
   *
   * @param state of {@link #state}
   * @return false, and nothing changed, if it is not one
   */
  public boolean restore(double[] state) {
    if (state.length != tableNanos.length + 4) {
      return false;
    }
    for (int i = 0; i < state.length; i++) {
      boolean positive = i <= tableNanos.length ? state[i] > 0 : state[i] >= 0;
      boolean ascending = i == 0 || i >= tableNanos.length || state[i] >= state[i - 1];
      double most = i == tableNanos.length ? MOST_FACTOR : MOST_STATE;
      if (!(state[i] <= most) || !positive || !ascending) {
        return false;
      }
    }
    System.arraycopy(state, 0, tableNanos, 0, tableNanos.length);
    Arrays.fill(corrections, TRUSTED_CORRECTIONS);
    Arrays.fill(measured, true);
    attentionVariance = TRUSTED_ATTENTION_VARIANCE;
    factor = state[tableNanos.length];
    attentionNanos = state[tableNanos.length + 1];
    usualContext = state[tableNanos.length + 2];
    steps = (long) state[tableNanos.length + 3];
    return true;
  }
}
