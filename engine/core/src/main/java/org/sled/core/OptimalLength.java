package org.sled.core;

/**
 * As many drafts as bring the most tokens per second, or none where the server alone is faster.
 *
 * <p>With S<sub>j</sub> the chance that the first j drafts are all right, a block of k drafts
 * brings E<sub>k</sub> = 1 + S<sub>1</sub> + … + S<sub>k</sub> tokens. Its round takes link +
 * k·t<sub>d</sub> + s·(A + k·λ): the link, what drafting takes, and the server's time, which is
 * what it takes without drafts and what it says that each draft adds. The best rate over all k is
 * compared with that of the server alone, 1 / (s·A), which needs neither link nor drafts.
 *
 * <p>A and λ are the server's, and hold if all its devices do alike: so all come to the same
 * decision, and none is misled by what the others have not done yet. How much slower (s) it is than
 * it says, the link, t<sub>d</sub> and the chances are learnt from rounds. The chance that a draft
 * is right is learnt by its place in the block, from drafts that were looked at, so that a server
 * that cuts blocks off does not count. While the server goes on alone, a block is sent now and
 * then, the more seldom the more often that did not pay.
 */
public final class OptimalLength implements DraftLengthPolicy {
  private static final int FIRST_DRAFTS = 4;

  /** Drafts are believed to be right so often, until some were looked at. */
  private static final double FIRST_ACCEPTANCE = 0.75;

  private static final double FIRST_DRAFTS_SEEN = 16;

  /** Each place in a block is taken to be like all, with the weight of so many drafts. */
  private static final double PLACE_PRIOR = 12;

  /** What was seen so many drafts ago counts 1/e: at one place, and of all. */
  private static final double MEMORY_AT_PLACE = 64;

  private static final double MEMORY = 128;

  private static final int PLACES = 32;

  /** A server that says more than that is mistaken. */
  private static final double MOST_SECONDS = 3600;

  /** Share of the news in a time that is followed. */
  private static final double GAIN = 0.2;

  /** The same of what the server says, who has taken the mean already. */
  private static final double LOAD_GAIN = 0.5;

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

  private final double[] looked = new double[PLACES];
  private final double[] matched = new double[PLACES];
  private double allLooked = FIRST_DRAFTS_SEEN;
  private double allMatched = FIRST_DRAFTS_SEEN * FIRST_ACCEPTANCE;

  // Times in ns; 0 until they are known.
  private double draftNanos;
  private double linkNanos;
  private double roundNanos; // at the server, where it does not say what things cost
  private double priceNanos; // as the server says
  private double aloneNanos; // as the server says
  private double slowness = 1; // what it takes by what it says
  private boolean draftTimeIsSteady;
  private long rounds;

  private boolean pushing;
  private boolean isRefused; // the server looked at no draft of the last block
  private int tokensSinceProbe;
  private int probeTokens = FIRST_PROBE_TOKENS;
  private double returnMargin = FIRST_RETURN_MARGIN;
  private long returnedAtRound = -LASTING_ROUNDS;

  private double bestRate;

  /** A device that knows nothing yet. */
  public OptimalLength() {}

  @Override
  public synchronized int next(int most) {
    // As long as it is not known what drafting takes, the first blocks are short.
    int longest = rounds == 0 ? Math.min(most, FIRST_DRAFTS) : most;
    best(longest, doubt());
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
    return isProbeDue() ? best : 0;
  }

  /** Whether the server's price is such that not even the best of drafts would pay. */
  private boolean isDeterred() {
    return aloneNanos > 0 && priceNanos >= aloneNanos;
  }

  /** Whether to try a block although it does not seem to pay. */
  private boolean isProbeDue() {
    boolean close = bestRate > CLOSE_RATE * aloneRate();
    int due = isDeterred() ? MOST_PROBE_TOKENS : close ? CLOSE_PROBE_TOKENS : probeTokens;
    if (tokensSinceProbe < due) {
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
   * How far the chance of a draft may be above what was seen. Whoever leaves drafts sees no more of
   * them: a few wrong ones in succession must not be the last word.
   */
  private double doubt() {
    double all = allMatched / allLooked;
    return Math.sqrt(all * (1 - all) / allLooked);
  }

  /**
   * The block length with the best rate, which is left in {@link #bestRate}.
   *
   * @param hope by which drafts are right more often than was seen
   */
  private int best(int most, double hope) {
    int best = 1;
    bestRate = 0;
    double chance = 1;
    double tokens = 1;
    for (int k = 1; k <= most; k++) {
      chance *= Math.min(1, acceptance(k - 1) + hope);
      tokens += chance;
      double nanos = linkNanos + serverNanos(k) + k * draftNanos;
      double rate = tokens / Math.max(1, nanos);
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

  /** The chance that a draft is right if all before it are. */
  private double acceptance(int place) {
    int known = Math.min(place, PLACES - 1);
    double all = allMatched / allLooked;
    return (matched[known] + PLACE_PRIOR * all) / (looked[known] + PLACE_PRIOR);
  }

  @Override
  public synchronized void drafted(int count, long nanos, boolean steady) {
    double each = (double) nanos / Math.max(1, count);
    if (steady) {
      draftNanos = follow(draftNanos, each, draftTimeIsSteady ? GAIN : 1);
      draftTimeIsSteady = true;
    } else if (draftNanos == 0 || each < draftNanos) {
      draftNanos = each;
    }
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
      int verified, int accepted, long newLinkNanos, long newServerNanos) {
    learnAcceptance(verified, accepted);
    isRefused = verified == 0;
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

  private void learnAcceptance(int verified, int accepted) {
    int seen = Math.min(verified, accepted + 1);
    for (int place = 0; place < seen; place++) {
      double right = place < accepted ? 1 : 0;
      if (place < PLACES) {
        looked[place] += 1 - looked[place] / MEMORY_AT_PLACE;
        matched[place] += right - matched[place] / MEMORY_AT_PLACE;
      }
      allLooked += 1 - allLooked / MEMORY;
      allMatched += right - allMatched / MEMORY;
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
