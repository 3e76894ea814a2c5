package org.sled.core;

/**
 * As many drafts as bring the most tokens per second, or none where the server alone is faster.
 *
 * <p><b>One block in flight.</b> With S<sub>j</sub> the chance that the first j drafts are all
 * right, a block of k drafts brings E<sub>k</sub> = 1 + S<sub>1</sub> + … + S<sub>k</sub> tokens.
 * Its round takes link + n·t<sub>d</sub> + s·(A + k·λ): the link, what drafting the n tokens takes
 * that are not there yet, and the server's time, which is what it takes without drafts and what it
 * says that each draft adds. The chance of a token that is drafted comes from how sure the draft
 * model was of it, that of those to come from all: {@link DraftCalibration}. It is asked again
 * after each token, so that a block ends where the draft model becomes unsure; but not where blocks
 * share their steps with others', which are padded to one length.
 *
 * <p><b>Several blocks in flight.</b> Then drafting goes on while verdicts are on their way, until
 * one of them says that a draft was wrong: 1 / (1 − a) tokens after the last time, a being the
 * chance of a draft. With blocks of k drafts and the guess for the token behind them, m = k + 1,
 * one after the other is right with the chance a<sup>m</sup>, so that n = 1 / (1 − a<sup>m</sup>)
 * blocks go before the wrong one is known. They follow each other as drafting, the server and the
 * window W allow, and the last one's round has to be waited for: (n − 1) · max(m·t<sub>d</sub>, S,
 * (m·t<sub>d</sub> + V) / W) + m·t<sub>d</sub> + V, with S = s·(A + k·λ) and V = link + S. Short
 * blocks find mistakes soon, long ones cost the server less.
 *
 * <p>The best rate is compared with that of the server alone, 1 / (s·A), which needs neither link
 * nor drafts. A and λ are the server's, and hold if all its devices do alike: so all come to the
 * same decision, and none is misled by what the others have not done yet. How much slower (s) it is
 * than it says, the link, t<sub>d</sub> and the chances are learnt from rounds. While the server
 * goes on alone, a block is sent now and then, the more seldom the more often that did not pay.
 */
public final class OptimalLength implements DraftLengthPolicy {
  private static final int FIRST_DRAFTS = 4;

  /** A server that says more than that is mistaken. */
  private static final double MOST_SECONDS = 3600;

  /** Share of the news in a time that is followed. */
  private static final double GAIN = 0.2;

  /** The same of what the server says, who has taken the mean already. */
  private static final double LOAD_GAIN = 0.5;

  /** The same of whether steps are shared, which changes slowly. */
  private static final double SHARED_GAIN = 0.05;

  /** The server is that much slower than it says at most. */
  private static final double MOST_SLOWNESS = 4;

  /** The server alone must be so much faster. */
  private static final double LEAVE_MARGIN = 1.02;

  /** Drafting must be so much faster; more, after it did not last. */
  private static final double FIRST_RETURN_MARGIN = 1.03;

  private static final double MOST_RETURN_MARGIN = 1.5;

  /** A return that lasted for fewer rounds was a mistake. */
  private static final int LASTING_ROUNDS = 12;

  /** Tokens of the server alone between two blocks that try how drafting is. */
  private static final int FIRST_PROBE_TOKENS = 64;

  private static final int MOST_PROBE_TOKENS = 1024;

  /**
   * Drafting at this part of the server's rate costs little, so it is tried more often. Not much
   * more: a block among others' pushes takes a pass of its own, or makes them longer.
   */
  private static final double CLOSE_RATE = 0.9;

  private static final int CLOSE_PROBE_TOKENS = 64;

  /** What trying may cost of the time. */
  private static final double PROBE_SHARE = 0.01;

  /** Several blocks in flight, which are more work for all, must be so much faster than one. */
  private static final double WINDOW_MARGIN = 1.05;

  /**
   * Among others' blocks a longer one must be so much faster: most of what it costs is their time,
   * and whose drafts are wrong waits for the rows of all.
   */
  private static final double SHORTER_MARGIN = 1.04;

  private final int mostWindow;
  private final DraftCalibration calibration = new DraftCalibration();

  // Times in ns; 0 until they are known.
  private double draftNanos;
  private double linkNanos;
  private double roundNanos; // at the server, where it does not say what things cost
  private double priceNanos; // as the server says
  private double aloneNanos; // as the server says
  private double slowness = 1; // what it takes by what it says
  private boolean draftTimeIsSteady;
  private double sharedSteps; // share of the rounds
  private long rounds;

  private boolean pushing;
  private boolean isRefused; // the server looked at no draft of the last block
  private int tokensSinceProbe;
  private int probeTokens = FIRST_PROBE_TOKENS;
  private double returnMargin = FIRST_RETURN_MARGIN;
  private long returnedAtRound = -LASTING_ROUNDS;

  private int window = 1;
  private double bestRate;

  /**
   * A device that knows nothing yet.
   *
   * @param mostWindow blocks in flight at most, at least 1
   */
  public OptimalLength(int mostWindow) {
    this.mostWindow = mostWindow;
  }

  @Override
  public synchronized int next(float[] probabilities, int from, int ready, int most) {
    // As long as it is not known what drafting takes, the first blocks are short.
    int longest = rounds == 0 ? Math.min(most, Math.max(ready, FIRST_DRAFTS)) : most;
    if (ready > 0) {
      // Whether to draft at all is decided before it begins.
      return window > 1
          ? bestOfSeveral(longest, 0)
          : bestOfOne(sharesSteps() ? null : probabilities, from, ready, longest, 0);
    }
    best(longest, calibration.doubt());
    double hopefulRate = bestRate;
    int best = best(longest, 0);
    if (!pushing) {
      if (!isRefused && (aloneNanos <= 0 || aloneRate() <= LEAVE_MARGIN * hopefulRate)) {
        return best;
      }
      leave();
      return 0;
    }
    if (hopefulRate > returnMargin * aloneRate()) {
      pushing = false;
      returnedAtRound = rounds;
      return best;
    }
    return isProbeDue(best) ? best : 0;
  }

  /**
   * Whether the server usually computes its blocks together with others'. Then shorter ones are
   * padded to the length of the longest: an unsure draft left out saves nothing, and blocks of
   * different lengths cost all of them.
   */
  private boolean sharesSteps() {
    return sharedSteps > 0.5;
  }

  @Override
  public synchronized int window() {
    return window;
  }

  /** Whether the server's price is such that not even the best of drafts would pay. */
  private boolean isDeterred() {
    return aloneNanos > 0 && priceNanos >= aloneNanos;
  }

  /** Whether to try a block although it does not seem to pay. */
  private boolean isProbeDue(int drafts) {
    boolean close = bestRate > CLOSE_RATE * aloneRate();
    int due = isDeterred() ? MOST_PROBE_TOKENS : close ? CLOSE_PROBE_TOKENS : probeTokens;
    // While a block is tried, the server says nothing else.
    double lostNanos = linkNanos + drafts * draftNanos + serverNanos(drafts);
    if (tokensSinceProbe < Math.max(due, lostNanos * aloneRate() / PROBE_SHARE)) {
      return false;
    }
    tokensSinceProbe = 0;
    probeTokens = close ? FIRST_PROBE_TOKENS : Math.min(MOST_PROBE_TOKENS, 2 * probeTokens);
    returnMargin = Math.max(FIRST_RETURN_MARGIN, returnMargin / FIRST_RETURN_MARGIN);
    return true;
  }

  private void leave() {
    pushing = true;
    isRefused = false;
    tokensSinceProbe = 0;
    if (isDeterred()) {
      return; // the server's wish says nothing about what drafts bring
    }
    if (rounds - returnedAtRound < LASTING_ROUNDS) {
      returnMargin = Math.min(MOST_RETURN_MARGIN, returnMargin * FIRST_RETURN_MARGIN);
    } else {
      returnMargin = FIRST_RETURN_MARGIN;
      probeTokens = FIRST_PROBE_TOKENS;
    }
  }

  /**
   * The block length with the best rate, which is left in {@link #bestRate}, and the window for it.
   *
   * @param hope by which drafts are right more often than was seen
   */
  private int best(int most, double hope) {
    int one = bestOfOne(null, 0, 0, most, hope);
    window = 1;
    if (mostWindow == 1 || rounds == 0) {
      return one;
    }
    double rateOfOne = bestRate;
    int several = bestOfSeveral(most, hope);
    if (bestRate > WINDOW_MARGIN * rateOfOne) {
      window = mostWindow;
      return several;
    }
    bestRate = rateOfOne;
    return one;
  }

  private int bestOfOne(float[] probabilities, int from, int ready, int most, double hope) {
    int best = 1;
    bestRate = 0;
    double chance = 1;
    double tokens = 1;
    double usual = Math.min(1, calibration.acceptance() + hope);
    double rateOfBest = 0;
    double margin = sharesSteps() ? SHORTER_MARGIN : 1;
    for (int k = 1; k <= most; k++) {
      boolean known = k <= ready && probabilities != null;
      chance *= known ? calibration.acceptance(probabilities[from + k - 1]) : usual;
      tokens += chance;
      double nanos = linkNanos + serverNanos(k) + Math.max(0, k - ready) * draftNanos;
      double rate = tokens / Math.max(1, nanos);
      if (rate > rateOfBest * margin) {
        best = k;
        rateOfBest = rate;
      }
      bestRate = Math.max(rate, bestRate);
    }
    return best;
  }

  private int bestOfSeveral(int most, double hope) {
    int best = 1;
    bestRate = 0;
    double acceptance = Math.min(0.999, calibration.acceptance() + hope);
    double tokens = 1 / (1 - acceptance);
    double allRight = acceptance;
    for (int k = 1; k <= most; k++) {
      allRight *= acceptance; // of the drafts and the guess
      double blocks = 1 / (1 - allRight);
      double drafting = (k + 1) * draftNanos;
      double server = serverNanos(k);
      double round = drafting + linkNanos + server;
      double period = Math.max(Math.max(drafting, server), round / mostWindow);
      double rate = tokens / Math.max(1, (blocks - 1) * period + round);
      if (rate > bestRate) {
        bestRate = rate;
        best = k;
      }
    }
    return best;
  }

  /** Expected time of a round at the server, ns. */
  private double serverNanos(int drafts) {
    return aloneNanos <= 0 ? roundNanos : slowness * (aloneNanos + drafts * priceNanos);
  }

  private double aloneRate() {
    return 1 / (slowness * aloneNanos);
  }

  @Override
  public synchronized void drafted(long nanos, boolean steady) {
    if (steady) {
      draftNanos = follow(draftNanos, (double) nanos, draftTimeIsSteady ? GAIN / 2 : 1);
      draftTimeIsSteady = true;
    } else if (draftNanos == 0 || nanos < draftNanos) {
      draftNanos = nanos;
    }
  }

  @Override
  public synchronized void link(long roundTripNanos) {
    linkNanos = rounds == 0 ? (double) roundTripNanos : linkNanos;
  }

  @Override
  public synchronized void load(double draftSeconds, double aloneSeconds) {
    if (!isTime(draftSeconds) || !isTime(aloneSeconds) || aloneSeconds == 0) {
      return; // it does not know
    }
    double gain = aloneNanos == 0 ? 1 : LOAD_GAIN;
    priceNanos = follow(priceNanos, 1e9 * draftSeconds, gain);
    aloneNanos = follow(aloneNanos, 1e9 * aloneSeconds, gain);
  }

  @Override
  public synchronized void answered(
      int verified,
      int accepted,
      float[] probabilities,
      int from,
      boolean shared,
      long newLinkNanos,
      long newServerNanos) {
    calibration.answered(verified, accepted, probabilities, from);
    isRefused = verified == 0;
    sharedSteps = follow(sharedSteps, shared ? 1 : 0, SHARED_GAIN);
    double gain = rounds == 0 ? 1 : GAIN;
    linkNanos = follow(linkNanos, (double) newLinkNanos, gain);
    roundNanos = follow(roundNanos, (double) newServerNanos, gain);
    learnSlowness((double) newServerNanos, aloneNanos + verified * priceNanos);
    rounds++;
  }

  private void learnSlowness(double nanos, double expectedNanos) {
    if (expectedNanos > 0) {
      double ratio = Math.min(MOST_SLOWNESS, nanos / expectedNanos);
      slowness = Math.max(1 / MOST_SLOWNESS, follow(slowness, ratio, GAIN));
    }
  }

  @Override
  public synchronized void pushed(int count, long nanos) {
    tokensSinceProbe += count;
    if (nanos > 0) {
      learnSlowness((double) nanos / count, aloneNanos);
    }
  }

  @Override
  public synchronized int pushedPerRoundTrip(long moreNanos) {
    boolean known = rounds > 0 && aloneNanos > 0;
    return known ? (int) Math.min(1 << 20, (linkNanos + moreNanos) * aloneRate()) + 1 : 0;
  }

  private static boolean isTime(double seconds) {
    return seconds >= 0 && seconds <= MOST_SECONDS;
  }

  private static double follow(double value, double news, double gain) {
    return value + gain * (news - value);
  }
}
