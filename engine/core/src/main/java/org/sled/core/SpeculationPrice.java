package org.sled.core;

/**
 * What drafts cost the server as things are, for devices to decide how many they make, or whether
 * they leave everything to the server.
 *
 * <p>Both numbers take it that all sessions do alike, and are right then: a draft more of each
 * makes the round of all longer. What prompts take beside the text counts in, and so does what
 * rounds take beyond one pass for all: sessions come at different times, with blocks of different
 * lengths, or cannot share a pass. That is measured, for drafts and for pushes.
 *
 * <p>Pure; belongs to one thread; allocates only when created.
 */
public final class SpeculationPrice {
  /** What was so many steps ago counts 1/e. */
  private static final double MEMORY_STEPS = 50;

  private static final double ROWS_GAIN = 0.1;

  private static final double WORK_GAIN = 0.05;

  /** What was learnt of drafts while there are none fades, and the same with pushes. */
  private static final double WORK_FADES = 0.001;

  private static final double LEAST_WORK = 0.7;
  private static final double MOST_WORK = 2;

  /** Prompts count as so many times the text at most. */
  private static final double MOST_PROMPTS = 8;

  private final StepCost cost;
  private final int passRows;
  private final int fewestRows;

  private double textNanos;
  private double promptNanos;
  private double rowsPerSession = 1;
  private double draftWork = 1; // of rounds, by that of one pass for all
  private double pushWork = 1;

  /**
   * Creates it.
   *
   * @param cost of a pass
   * @param passRows rows of a pass at most
   * @param padsLoneRows whether a pass of a single row gets another one, as in exact numerics
   */
  public SpeculationPrice(StepCost cost, int passRows, boolean padsLoneRows) {
    this.cost = cost;
    this.passRows = passRows;
    fewestRows = padsLoneRows ? 2 : 1;
  }

  /**
   * Notes a step.
   *
   * @param forecast what it was put together from
   * @param nanos it took
   * @param sessions that are being served; prompts hold nobody up if there are none
   */
  public void observe(StepForecast forecast, double nanos, int sessions) {
    if (sessions == 0) {
      return;
    }
    double keep = 1 - 1 / MEMORY_STEPS;
    double prompts = forecast.promptShare() * nanos;
    promptNanos = keep * promptNanos + prompts;
    textNanos = keep * textNanos + nanos - prompts;
    if (forecast.textSessions() > 0) {
      double rows = forecast.textRows() / (double) forecast.textSessions();
      rowsPerSession += ROWS_GAIN * (rows - rowsPerSession);
      learnWork(forecast, nanos - prompts, sessions);
    }
  }

  private void learnWork(StepForecast forecast, double nanos, int sessions) {
    int served = forecast.textSessions();
    int all = Math.max(served, sessions);
    double share = served / (double) all;
    double fair = share * passes(Math.max(fewestRows, forecast.textRows() * all / served));
    if (fair <= 0) {
      return;
    }
    double work = Math.max(LEAST_WORK, Math.min(MOST_WORK, nanos / fair));
    if (2 * forecast.pushes() > served) {
      pushWork += WORK_GAIN * share * (work - pushWork);
      draftWork += WORK_FADES * (1 - draftWork);
    } else {
      draftWork += WORK_GAIN * share * (work - draftWork);
      pushWork += WORK_FADES * (1 - pushWork);
    }
  }

  /**
   * What each draft per block adds to the time of a round, s; 0 if nothing is known of costs.
   *
   * @param sessions that are being served
   */
  public double draftSeconds(int sessions) {
    int served = Math.max(1, sessions);
    int fewest = Math.max(fewestRows, served);
    int more = Math.max(fewest + served, (int) Math.ceil(served * (rowsPerSession + 1)));
    // Over all drafts up to one more than now: at one place of the cost table it is noisy.
    double nanos = draftWork * passes(more) - pushWork * passes(fewest);
    return withPrompts(Math.max(0, nanos) * served / (more - fewest));
  }

  /**
   * Time of each session's token if none drafted, s; 0 if nothing is known of costs.
   *
   * @param sessions that are being served
   */
  public double aloneSeconds(int sessions) {
    return withPrompts(pushWork * passes(Math.max(fewestRows, sessions)));
  }

  /** Time of as many passes as so many rows take, ns. */
  private double passes(int rows) {
    return cost.passesNanos(rows, 1, passRows);
  }

  private double withPrompts(double nanos) {
    double prompts = textNanos <= 0 ? 0 : Math.min(MOST_PROMPTS, promptNanos / textNanos);
    return nanos * (1 + prompts) / 1e9;
  }
}
