package org.sled.core.draft;

/**
 * As many drafts as bring the most tokens per second, or none where the server alone is faster.
 *
 * <p><b>One block in flight.</b> With a the chance of a draft, a block of k drafts brings
 * E<sub>k</sub> = 1 + a + … + a<sup>k</sup> tokens. Its round takes R = link + S<sub>k</sub>, S
 * being the server's time: {@link ServerTime}. Meanwhile the device drafts on, the guess for the
 * token behind the block and the next k drafts. With the chance q = a<sup>k + 1</sup> they stand,
 * and what is missing of them then takes max(0, (k + 1)·t<sub>d</sub> − R); else there are k to
 * draft, behind the one at work. So the rate is ρ = E<sub>k</sub> / (R + q·max(0, (k +
 * 1)·t<sub>d</sub> − R) + (1 − q)·(k + ½)·t<sub>d</sub>).
 *
 * <p>It is asked again after each token, so that a block ends where the draft model becomes unsure:
 * where the tokens that it brings, less ρ times what it takes at the server and still to be
 * drafted, are most. The chance of a token that is drafted comes from how sure the draft model was
 * of it: {@link DraftCalibration}. Not where blocks share their steps with others': shorter ones
 * are padded to the length that the server says is common, so that it takes at least as long as for
 * that one.
 *
 * <p><b>Several blocks in flight.</b> Then drafting goes on while verdicts are on their way, until
 * one of them says that a draft was wrong: 1 / (1 − a) tokens after the last time. With blocks of k
 * drafts and the guess for the token behind them, m = k + 1, one after the other is right with the
 * chance a<sup>m</sup>, so that n = 1 / (1 − a<sup>m</sup>) blocks go before the wrong one is
 * known. They follow each other as drafting, the server and the window W allow, and the last one's
 * round has to be waited for, and for the draft at work: (n − 1) · max(m·t<sub>d</sub>,
 * S<sub>k</sub>, (m·t<sub>d</sub> + V) / W) + (k + ½)·t<sub>d</sub> + V, with V = link +
 * S<sub>k</sub>. Short blocks find mistakes soon, long ones cost the server less.
 *
 * <p>The best rate is compared with that of the server alone, which needs neither link nor drafts.
 * What the server says of its time holds if all its devices do alike: so all come to the same
 * decision, and none is misled by what the others have not done yet. Link, t<sub>d</sub> and the
 * chances are learnt from rounds. While the server goes on alone, the device drafts the next token
 * beside it, for which nobody waits, as long as drafting may pay: so it knows how good its drafts
 * are.
 */
public final class OptimalLength implements DraftLengthPolicy {
  private static final int FIRST_DRAFTS = 4;

  /** Drafts per block that are looked at for whether trying may pay. */
  private static final int MOST_TRIAL_DRAFTS = 16;

  private static final double MOST_ACCEPTANCE = 0.999;

  /** Share of the news in a time that is followed. */
  private static final double GAIN = 0.2;

  /** The server alone must be so much faster. */
  private static final double LEAVE_MARGIN = 1.02;

  /** Also if acceptance were so many standard errors above what was seen. */
  private static final double LEAVE_ERRORS = 0.5;

  /**
   * Drafting must be faster also if acceptance were so many standard errors below what was seen:
   * changing over takes a round trip, so that a few lucky drafts must not be enough.
   */
  private static final double RETURN_ERRORS = 0.5;

  /** Drafting must be so many times as fast as the server alone before the device drafts again. */
  private static final double RETURN_MARGIN = 1.04;

  /**
   * It is looked at again whether drafting pays after so many round trips of the link: it costs one
   * to change over, and each look is another chance to be misled.
   */
  private static final double LOOK_ROUND_TRIPS = 2;

  /**
   * Tokens of the server alone between two blocks that try what the link is like at least; no draft
   * is needed for how good drafts are.
   */
  private static final int PROBE_TOKENS = 1024;

  /** What trying may cost of the time. */
  private static final double PROBE_SHARE = 0.01;

  /** What a reader gains is worth so many times the device's time for it. */
  private static final double READER_WORTH = 4;

  /**
   * What catching up for a block that tries may cost of the device's time: the text does not wait
   * for it, but whoever pays for the power does.
   */
  private static final double CATCH_UP_SHARE = 0.1;

  /** If drafting would pay with acceptance so many standard errors off, each token is tried. */
  private static final double TRIAL_ERRORS = 3;

  /** Tokens of the server between two of those: where no likely acceptance makes drafting pay. */
  private static final int RARE_TRIAL_TOKENS = 16;

  /** Several blocks in flight, which are more work for all, must be so much faster than one. */
  private static final double WINDOW_MARGIN = 1.02;

  /**
   * So much faster where steps are shared: those wait for other sessions, however early a block of
   * this one is there.
   */
  private static final double SHARED_WINDOW_MARGIN = 1.1;

  /** Longer blocks than others', who wait for them, must be so much faster with each draft. */
  private static final double LONGER_MARGIN = 1.03;

  private final int mostWindow;
  private final DraftCalibration calibration;

  private final ServerTime server = new ServerTime();

  // Times in ns; 0 until they are known.
  private double draftNanos;
  private double linkNanos;
  private boolean draftTimeIsSteady;
  private int commonDrafts; // of all whose blocks share their steps; 0: this device's do not
  private long rounds;

  private boolean pushing;
  private boolean decidedUntried; // to draft, before it was known what a draft takes
  private boolean probing; // the next block tries what the link is like
  private boolean isRefused; // the server looked at no draft of the last block
  private int tokensSinceLook;
  private int tokensSinceProbe;
  private int tokensSinceTrial;

  private final Choice choice = new Choice(); // as things are
  private final Choice optimistic = new Choice(); // if drafts were better than was seen
  private final Choice pessimistic = new Choice(); // if they were worse

  /** Blocks of so many drafts, so many in flight, bring so many tokens per ns. */
  private static final class Choice {
    private int drafts = 1;
    private int window = 1;
    private double rate;

    void set(int newDrafts, int newWindow, double newRate) {
      drafts = newDrafts;
      window = newWindow;
      rate = newRate;
    }
  }

  /**
   * A device that knows nothing yet.
   *
   * @param mostWindow blocks in flight at most, at least 1
   */
  public OptimalLength(int mostWindow) {
    this(mostWindow, DraftExperience.NONE);
  }

  /**
   * A device that drafted with this draft model for this target before. Whether drafting pays is
   * then known as soon as the server says what it takes, before the first block.
   *
   * @param mostWindow blocks in flight at most, at least 1
   * @param earlier what it learnt then
   */
  public OptimalLength(int mostWindow, DraftExperience earlier) {
    this.mostWindow = mostWindow;
    calibration = new DraftCalibration(earlier);
    draftNanos = earlier.draftNanos(); // until the first steady time
  }

  @Override
  public synchronized int next(float[] probabilities, int from, int ready, int most) {
    // As long as it is not known what a round takes, blocks are short.
    int longest = rounds == 0 ? Math.min(most, Math.max(ready, FIRST_DRAFTS)) : most;
    if (ready > 0 && !decidedUntried) {
      // Whether to draft at all is decided before it begins.
      return lengthOf(probabilities, from, ready, longest, draftNanos);
    }
    decidedUntried = isUntried();
    choose(choice, longest, 0);
    if (!pushing) {
      choose(optimistic, longest, LEAVE_ERRORS * calibration.doubt());
      boolean pays = !server.isKnown() || server.aloneRate() <= LEAVE_MARGIN * optimistic.rate;
      if (pays && !isRefused && !server.gatesDrafts()) {
        return ready > 0
            ? lengthOf(probabilities, from, ready, longest, draftNanos)
            : choice.drafts;
      }
      leave();
      return 0;
    }
    if (!isUntried() && tokensSinceLook >= LOOK_ROUND_TRIPS * linkNanos * server.aloneRate()) {
      tokensSinceLook = 0;
      choose(pessimistic, longest, -RETURN_ERRORS * calibration.doubt());
      if (pessimistic.rate > RETURN_MARGIN * server.aloneRate() && !server.gatesDrafts()) {
        pushing = false;
        return choice.drafts;
      }
    }
    return isProbeDue() ? choice.drafts : 0;
  }

  /**
   * With the chance p that what is drafted so far stands, the draft saves what is left of the wait
   * w, or else holds the verdict up for the rest of it: it pays if p·w is more than (1 − p) ·
   * (t<sub>d</sub> − w).
   */
  @Override
  public synchronized boolean draftsAhead(
      float[] probabilities, int from, int ready, int most, long waitedNanos) {
    if (ready > 0 && lengthOf(probabilities, from, ready, most, 0) <= ready) {
      return false; // would not be sent
    }
    double stands = 1;
    for (int i = 0; i < from + ready; i++) {
      stands *= calibration.acceptance(probabilities[i]);
    }
    double wait = linkNanos + serverNanos(choice.drafts) - waitedNanos;
    return Math.max(0, wait) > (1 - stands) * draftNanos;
  }

  /**
   * Whether the server usually computes its blocks together with others'. Then an unsure draft left
   * out saves nothing, and blocks of different lengths cost all of them.
   */
  private boolean sharesSteps() {
    return commonDrafts > 0;
  }

  /** Expected time of a round with so many drafts at the server, ns. */
  private double serverNanos(int drafts) {
    return server.nanos(Math.max(drafts, commonDrafts));
  }

  @Override
  public synchronized int window() {
    return choice.window;
  }

  /** Whether to try a block although it does not seem to pay. */
  private boolean isProbeDue() {
    // While a block is tried, the server says nothing else.
    double lostNanos = linkNanos + choice.drafts * draftNanos + serverNanos(choice.drafts);
    if (tokensSinceProbe < Math.max(PROBE_TOKENS, lostNanos * server.aloneRate() / PROBE_SHARE)) {
      return false;
    }
    tokensSinceProbe = 0;
    probing = true;
    return true;
  }

  /**
   * Catching up takes none of the text's time: the server goes on meanwhile. It pays if what is
   * left of the text then is sooner there with drafts, by a part of what it takes the device. A
   * block that tries is no gain, and is worth a share of the time since the last one.
   */
  @Override
  public synchronized boolean worthCatchingUp(long nanos, int remainingTokens) {
    if (probing || !server.isKnown()) {
      return true;
    }
    double aloneNanos = 1 / server.aloneRate();
    double tokensThen = remainingTokens - nanos / aloneNanos;
    if (tokensThen <= 0) {
      return false;
    }
    choose(optimistic, MOST_TRIAL_DRAFTS, LEAVE_ERRORS * calibration.doubt());
    double gainNanos = tokensThen * (aloneNanos - 1 / optimistic.rate);
    double shareNanos = CATCH_UP_SHARE * tokensSinceProbe * aloneNanos;
    return nanos < Math.max(READER_WORTH * gainNanos, shareNanos);
  }

  /**
   * Drafts are tried beside the server's tokens, for which nobody waits, before a round trip is
   * spent on them.
   */
  @Override
  public synchronized void catchesUp() {
    leave();
  }

  private void leave() {
    pushing = true;
    isRefused = false;
    tokensSinceLook = 0;
    tokensSinceProbe = 0;
  }

  /** Whether it is not known what a draft takes. */
  private boolean isUntried() {
    return draftNanos == 0;
  }

  @Override
  public synchronized boolean wantsTrial() {
    if (server.gatesDrafts() || !server.isKnown() || !mayPay(1)) {
      return false; // however good the drafts are
    }
    boolean likely = mayPay(TRIAL_ERRORS * calibration.doubt());
    return likely || tokensSinceTrial >= RARE_TRIAL_TOKENS;
  }

  private boolean mayPay(double offset) {
    choose(optimistic, MOST_TRIAL_DRAFTS, offset);
    return optimistic.rate > server.aloneRate();
  }

  @Override
  public synchronized void tried(boolean right, float probability) {
    calibration.seen(right, probability);
    tokensSinceTrial = 0;
  }

  /**
   * Finds what brings the best rate.
   *
   * @param offset added to the acceptance that was seen
   */
  private void choose(Choice result, int most, double offset) {
    double acceptance = Math.max(0, Math.min(MOST_ACCEPTANCE, calibration.acceptance() + offset));
    chooseOne(result, most, acceptance);
    if (mostWindow > 1) {
      double margin = sharesSteps() ? SHARED_WINDOW_MARGIN : WINDOW_MARGIN;
      chooseSeveral(result, most, acceptance, margin * result.rate);
    }
  }

  private void chooseOne(Choice result, int most, double acceptance) {
    int best = 1;
    double rateOfBest = 0;
    double chance = 1;
    double tokens = 1;
    for (int k = 1; k <= most; k++) {
      chance *= acceptance;
      tokens += chance;
      double round = linkNanos + serverNanos(k);
      double aheadNanos = (k + 1) * draftNanos;
      double whenRight = Math.max(0, aheadNanos - round);
      double whenWrong = (k + (aheadNanos > round ? 0.5 : 0)) * draftNanos;
      double stands = chance * acceptance;
      double nanos = round + stands * whenRight + (1 - stands) * whenWrong;
      double rate = tokens / Math.max(1, nanos);
      double margin = sharesSteps() && k > commonDrafts ? LONGER_MARGIN : 1;
      if (rate > rateOfBest * margin) {
        best = k;
        rateOfBest = rate;
      }
    }
    result.set(best, 1, rateOfBest);
  }

  /**
   * The length of a block of which some drafts are there, with the rate that is usual.
   *
   * @param nanos that each further one takes
   */
  private int lengthOf(float[] probabilities, int from, int ready, int most, double nanos) {
    if (choice.window > 1 || sharesSteps()) {
      return Math.min(choice.drafts, most);
    }
    int best = 1;
    double valueOfBest = Double.NEGATIVE_INFINITY;
    double chance = 1;
    double tokens = 0;
    for (int k = 1; k <= most; k++) {
      chance *=
          k <= ready
              ? calibration.acceptance(probabilities[from + k - 1])
              : calibration.acceptance();
      tokens += chance;
      double value = tokens - choice.rate * (server.nanos(k) + Math.max(0, k - ready) * nanos);
      if (value > valueOfBest) {
        valueOfBest = value;
        best = k;
      }
    }
    return best;
  }

  /** Several blocks in flight, if they are faster than this. */
  private void chooseSeveral(Choice result, int most, double acceptance, double leastRate) {
    double best = leastRate;
    double tokens = 1 / (1 - acceptance);
    double allRight = acceptance;
    for (int k = 1; k <= most; k++) {
      allRight *= acceptance; // of the drafts and the guess
      double blocks = 1 / (1 - allRight);
      double drafting = (k + 1) * draftNanos;
      double step = serverNanos(k);
      double round = linkNanos + step;
      double period = Math.max(Math.max(drafting, step), (drafting + round) / mostWindow);
      double nanos = (blocks - 1) * period + (k + 0.5) * draftNanos + round;
      double rate = tokens / Math.max(1, nanos);
      if (rate > best) {
        result.set(k, mostWindow, rate);
        best = rate;
      }
    }
  }

  @Override
  public synchronized void drafted(long nanos, boolean steady) {
    double seen = Math.max(1, nanos); // 0 is for what is not known
    if (steady) {
      draftNanos = follow(draftNanos, seen, draftTimeIsSteady ? GAIN / 2 : 1);
      draftTimeIsSteady = true;
    } else if (draftNanos == 0 || seen < draftNanos) {
      draftNanos = seen;
    }
  }

  @Override
  public synchronized void link(long roundTripNanos) {
    if (rounds == 0) {
      linkNanos = roundTripNanos;
    } else if (pushing) {
      linkNanos = follow(linkNanos, (double) roundTripNanos, GAIN);
    }
  }

  @Override
  public synchronized void load(double draftSeconds, double aloneSeconds, int commonDrafts) {
    server.says(draftSeconds, aloneSeconds);
    this.commonDrafts = commonDrafts;
  }

  @Override
  public synchronized void answered(BlockAnswer answer, float[] probabilities, int from) {
    calibration.answered(answer.verified(), answer.accepted(), probabilities, from);
    isRefused = answer.verified() == 0;
    probing = false;
    linkNanos = follow(linkNanos, (double) answer.linkNanos(), rounds == 0 ? 1 : GAIN);
    // With several in flight it waited for the device's own.
    long waitedNanos = choice.window == 1 ? 0 : answer.queuedNanos();
    int drafts = Math.max(answer.computed(), commonDrafts);
    server.block(drafts, answer.serverNanos() - waitedNanos, !sharesSteps());
    rounds++;
  }

  @Override
  public synchronized void pushed(int count, long nanos) {
    tokensSinceLook += count;
    tokensSinceProbe += count;
    tokensSinceTrial += count;
    if (nanos >= 0) {
      server.alone((double) nanos / count);
    }
  }

  @Override
  public synchronized DraftExperience experience() {
    return new DraftExperience(
        calibration.drafts(), calibration.acceptance(), draftTimeIsSteady ? draftNanos : 0);
  }

  private static double follow(double value, double news, double gain) {
    return value + gain * (news - value);
  }
}
