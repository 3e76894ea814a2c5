package org.sled.core.price;

import org.sled.core.cost.RowRule;
import org.sled.core.cost.StepCost;
import org.sled.core.cost.StepForecast;

/**
 * The price of drafts at a server as busy as it is now: devices decide by it how many tokens they
 * draft, or whether they leave the text to the server.
 *
 * <p>Both numbers, {@link #draftSeconds} and {@link #aloneSeconds}, assume that all sessions do
 * alike: one draft more in each block makes the round of all sessions longer. They include the time
 * that prompts take beside the text, and what rounds take beyond one pass for all sessions, which
 * is measured for drafts and for pushes: sessions come at different times, with blocks of different
 * lengths, or cannot share a pass.
 *
 * <p>Where drafts of all sessions would hardly bring more tokens per second, the price gates them:
 * it is so high that no device drafts. Otherwise a device whose drafts are wrong would be slower in
 * steps with others' drafts than if nobody drafted.
 *
 * <p>Where sessions share their steps, {@link #commonDrafts} names the length that is best if all
 * blocks have it: blocks of different lengths are padded to the longest.
 *
 * <p>Pure; belongs to one thread; allocates only when created.
 */
public final class SpeculationPrice {
  /** Time constant of the shares of prompts and text, steps. */
  private static final double MEMORY_STEPS = 50;

  private static final double ROWS_GAIN = 0.1;

  private static final double WORK_GAIN = 0.05;

  /** What was learnt of drafts while there are none fades, and the same with pushes. */
  private static final double WORK_FADES = 0.001;

  private static final double LEAST_WORK = 0.7;
  private static final double MOST_WORK = 2;

  /** Prompts count as so many times the text at most. */
  private static final double MOST_PROMPTS = 8;

  /**
   * Acceptance that is assumed before drafts were verified: a fleet that begins tries drafts, and
   * one that stopped drafting tries again after a while.
   */
  private static final double PRIOR_ACCEPTANCE = 0.85;

  /** What is left of the prior's weight after each draft that was verified. */
  private static final double PRIOR_DECAY = 0.97;

  /**
   * While the prior weighs more than that, the gain is mostly assumed, and its mean begins anew.
   */
  private static final double STRONG_PRIOR = 0.2;

  /** Share of the prior's lost weight that returns in each step without drafts. */
  private static final double PRIOR_RETURN = 1.0 / 2000;

  /** Drafts must bring so many times the tokens per second of the server alone. */
  private static final double LEAST_GAIN = 1.2;

  /** Where drafts are gated and several sessions are served, they must bring so many times. */
  private static final double RETURN_GAIN = 1.26;

  private static final int GAIN_MEMORY_STEPS = 20;

  /** More or fewer sessions by this share have another gain; that of before does not count. */
  private static final double OTHER_LOAD = 0.25;

  /** A longer block for all must bring so much more: texts whose drafts are wrong wait for it. */
  private static final double LONGER = 1.03;

  /** Another length for all must bring so much more than that of now. */
  private static final double OTHER_LENGTH = 1.03;

  private static final double SHARING_GAIN = 0.05;

  /** Drafts per block that the gain is looked for among. */
  private static final int MOST_DRAFTS = 16;

  /** A block that pays has so many drafts or more. */
  private static final double USUAL_DRAFTS = 4;

  /** A gated draft costs so many tokens of the server alone: no acceptance makes up for it. */
  private static final double GATED_DRAFT_TOKENS = 2;

  private final StepCost cost;
  private final int passRows;
  private final int fewestRows;

  private double textNanos;
  private double promptNanos;
  private double rowsPerSession = 1;
  private double draftWork = 1; // of rounds, by that of one pass for all
  private double pushWork = 1;

  private double sharing; // part of the steps with text that have several sessions'
  private int commonDrafts; // that are best for all; 0: not known

  private double prior = 1; // weight of PRIOR_ACCEPTANCE against what was seen
  private double usualGain; // 0: not known yet
  private int gains; // that it is the mean of, GAIN_MEMORY_STEPS at most
  private double usualSessions;
  private boolean gated;
  private double draftSeconds;
  private double aloneSeconds;

  /**
   * Creates it.
   *
   * @param cost of a pass
   * @param passRows rows of a pass at most
   * @param rule which counts of rows are computed
   */
  public SpeculationPrice(StepCost cost, int passRows, RowRule rule) {
    this.cost = cost;
    this.passRows = passRows;
    fewestRows = rule.fill(1);
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
      sharing += SHARING_GAIN * ((forecast.textSessions() > 1 ? 1 : 0) - sharing);
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
    boolean drafts = forecast.textRows() > served;
    prior =
        drafts
            ? prior * Math.pow(PRIOR_DECAY, forecast.textRows() - served)
            : prior + PRIOR_RETURN * (1 - prior);
    // Of steps with both, neither can be blamed for what they take longer.
    if (forecast.pushes() == served) {
      pushWork += WORK_GAIN * share * (work - pushWork);
      draftWork += WORK_FADES * (1 - draftWork);
    } else if (forecast.pushes() == 0) {
      draftWork += WORK_GAIN * share * (work - draftWork);
      pushWork += WORK_FADES * (1 - pushWork);
    }
  }

  /**
   * Sets the price, for as long as nothing changes.
   *
   * @param sessions that are being served
   * @param acceptance how often a draft is right if all before it are
   */
  public void set(int sessions, double acceptance) {
    aloneSeconds = withPrompts(pushRounds(sessions));
    int served = Math.max(1, sessions);
    draftSeconds = marginalSeconds(served);
    if (aloneSeconds <= 0) {
      return; // nothing is known of costs
    }
    double expected = acceptance + prior * Math.max(0, PRIOR_ACCEPTANCE - acceptance);
    follow(weighDrafts(served, expected, promptsPerToken(served, acceptance)), sessions);
    gated = usualGain < (gated && sessions > 1 ? RETURN_GAIN : LEAST_GAIN);
    if (gated) {
      draftSeconds = Math.max(draftSeconds, GATED_DRAFT_TOKENS * aloneSeconds);
    }
  }

  /** A fleet that comes at once is not made to wait until what was right for one device fades. */
  private void follow(double gain, int sessions) {
    boolean other = Math.abs(sessions - usualSessions) > OTHER_LOAD * usualSessions;
    if (other || prior > STRONG_PRIOR) {
      gains = 0;
    }
    usualSessions =
        other ? sessions : usualSessions + (sessions - usualSessions) / GAIN_MEMORY_STEPS;
    gains = Math.min(gains + 1, GAIN_MEMORY_STEPS);
    usualGain += (gain - usualGain) / gains;
  }

  private double marginalSeconds(int served) {
    int fewest = Math.max(fewestRows, served);
    double rows = Math.max(rowsPerSession, USUAL_DRAFTS) + 1;
    int more = Math.max(fewest + served, (int) Math.ceil(served * rows));
    // Over all drafts up to one more than now: at one place of the cost table it is noisy, and the
    // first ones cost more than those behind them.
    double nanos = blockRounds(more) - pushRounds(served);
    return withPrompts(Math.max(0, nanos) * served / (more - fewest));
  }

  /**
   * Weighs how many drafts all could have per block, and notes what is best for them.
   *
   * @param promptNanos of prompts for each round of text, one token of each session
   * @return how many times as many tokens per second the server makes then as without drafts
   */
  private double weighDrafts(int served, double acceptance, double promptNanos) {
    double alone = pushRounds(served) + promptNanos;
    double best = 0;
    double common = 0; // with as many drafts as now
    int worthDrafts = 0;
    double worth = 0; // with so many
    double chance = 1;
    double tokens = 1;
    for (int drafts = 1; drafts <= MOST_DRAFTS; drafts++) {
      chance *= acceptance;
      tokens += chance;
      double round = blockRounds(served * (1 + drafts)) + tokens * promptNanos;
      double gain = tokens * alone / round;
      common = drafts == commonDrafts ? gain : common;
      best = Math.max(best, gain);
      if (gain > LONGER * worth) {
        worth = gain;
        worthDrafts = drafts;
      }
    }
    if (best > OTHER_LENGTH * common || worthDrafts < commonDrafts) {
      commonDrafts = worthDrafts;
    }
    return best;
  }

  /**
   * What prompts take for each token of all sessions, ns: whose text comes sooner ask sooner again.
   */
  private double promptsPerToken(int served, double acceptance) {
    int rows = (int) Math.round(served * rowsPerSession);
    double round = rowsPerSession > 1.5 ? blockRounds(rows) : pushRounds(rows);
    double tokens = (1 - Math.pow(acceptance, rowsPerSession)) / (1 - acceptance);
    return promptShare() * round / tokens;
  }

  /**
   * What each draft per block adds to the time of a round, or more where the server would rather
   * have none, s; 0 if nothing is known of costs.
   */
  public double draftSeconds() {
    return draftSeconds;
  }

  /**
   * Drafts that blocks best have all alike; 0 where that is not known, or where sessions have their
   * steps alone.
   */
  public int commonDrafts() {
    return sharing > 0.5 ? commonDrafts : 0;
  }

  /** How many times the tokens per second drafts of all would bring; 0 if it is not known. */
  public double gain() {
    return usualGain;
  }

  /** Time of each session's token if none drafted, s; 0 if nothing is known of costs. */
  public double aloneSeconds() {
    return aloneSeconds;
  }

  /**
   * Time of a round of blocks with so many rows in all, ns. What is in the way of pushes is in the
   * way of blocks, too: not all was learnt of those yet.
   */
  private double blockRounds(int rows) {
    return Math.max(draftWork, pushWork) * passes(rows);
  }

  /** Time of a round of pushes with so many rows in all, ns. */
  private double pushRounds(int rows) {
    return pushWork * passes(Math.max(fewestRows, rows));
  }

  /** Time of as many passes as so many rows take, ns. */
  private double passes(int rows) {
    return cost.passesNanos(rows, 1, passRows);
  }

  private double withPrompts(double nanos) {
    return nanos * (1 + promptShare()) / 1e9;
  }

  /** Time of prompts by that of text. */
  private double promptShare() {
    return textNanos <= 0 ? 0 : Math.min(MOST_PROMPTS, promptNanos / textNanos);
  }
}
