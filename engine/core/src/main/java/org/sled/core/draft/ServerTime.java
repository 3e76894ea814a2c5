package org.sled.core.draft;

import java.util.Arrays;

/**
 * What a round takes at the server, by what it says and by what was seen.
 *
 * <p>It says what a token takes without drafts, and what each draft adds. A real step does not grow
 * by the same for each row: some are as good as free, and the next one needs another tile of the
 * matrix kernels. So what blocks of one length take beside that line is learnt for each length, and
 * believed the more the oftener it was seen lately.
 *
 * <p>Times are in ns. Not thread-safe; allocates only when created.
 */
final class ServerTime {
  /** Lengths that are told apart; longer blocks count as this long. */
  private static final int LONGEST = 16;

  /** A server that says more than that is mistaken. */
  private static final double MOST_SECONDS = 3600;

  /** Share of the news in a time that is followed. */
  private static final double GAIN = 0.2;

  /** Share of the news that is followed in what the server says: it has taken a mean already. */
  private static final double LOAD_GAIN = 0.5;

  /** The server is that much slower than it says at most. */
  private static final double MOST_SLOWNESS = 4;

  /** That a length is like all others has the weight of so many rounds. */
  private static final double LENGTH_PRIOR = 2;

  /** What is known of a length fades with all rounds. */
  private static final double LENGTH_MEMORY = 0.98;

  private double roundNanos; // where the server does not say what things cost
  private double draftNanos; // as the server says
  private double aloneNanos; // as the server says
  private double slowness = 1; // of blocks: what they take by what it says
  private double aloneSlowness = 1; // of tokens that it makes alone
  private int aloneSeen; // times that the latter was seen; no more are counted than matter

  private final double[] seen = new double[LONGEST + 1]; // rounds, by length
  private final double[] ratio = new double[LONGEST + 1]; // by what all lengths take

  ServerTime() {
    Arrays.fill(ratio, 1);
  }

  /**
   * The server says what its load is.
   *
   * @param draftSeconds what a draft more in each session's block would add to a round
   * @param aloneSeconds time per token if nobody drafted; 0: not known
   */
  void says(double draftSeconds, double aloneSeconds) {
    if (!isTime(draftSeconds) || !isTime(aloneSeconds) || aloneSeconds == 0) {
      return; // it does not know
    }
    double gain = aloneNanos == 0 ? 1 : LOAD_GAIN;
    draftNanos += gain * (1e9 * draftSeconds - draftNanos);
    aloneNanos += gain * (1e9 * aloneSeconds - aloneNanos);
  }

  /**
   * A block was answered.
   *
   * @param drafts that the server looked at
   * @param nanos that it took
   * @param isOwn whether its length decided about that: then the server, whose word is about such
   *     steps as well, is hardly wrong as a whole. With others' blocks in the step it may be.
   */
  void block(int drafts, long nanos, boolean isOwn) {
    roundNanos += (roundNanos == 0 ? 1 : GAIN) * ((double) nanos - roundNanos);
    double expected = aloneNanos + drafts * draftNanos;
    if (aloneNanos <= 0 || gatesDrafts()) {
      return; // such a price is no time: blocks that are tried do not take so long
    }
    if (isOwn) {
      learnLength(drafts, (double) nanos / (slowness * expected));
    }
    slowness = slowness(slowness, (double) nanos / (expected * shape(drafts)), GAIN);
    if (aloneSeen == 0) {
      aloneSlowness = Math.max(1, slowness); // padding makes blocks cheaper, but nothing else
    }
  }

  private void learnLength(int drafts, double news) {
    for (int i = 0; i <= LONGEST; i++) {
      seen[i] *= LENGTH_MEMORY;
    }
    int length = Math.min(LONGEST, drafts);
    seen[length]++;
    double within = Math.max(1 / MOST_SLOWNESS, Math.min(MOST_SLOWNESS, news));
    ratio[length] += (within - ratio[length]) / seen[length];
  }

  /** What blocks of a length take by what all do. */
  private double shape(int drafts) {
    int length = Math.min(LONGEST, drafts);
    return (seen[length] * ratio[length] + LENGTH_PRIOR) / (seen[length] + LENGTH_PRIOR);
  }

  /** The server made tokens alone; each took so long. */
  void alone(double nanos) {
    if (aloneNanos > 0) {
      aloneSeen = Math.min(aloneSeen + 1, (int) (1 / GAIN)); // a mean of the first ones
      aloneSlowness = slowness(aloneSlowness, nanos / aloneNanos, 1.0 / aloneSeen);
    }
  }

  private static double slowness(double slowness, double news, double gain) {
    double within = Math.min(MOST_SLOWNESS, news);
    return Math.max(1 / MOST_SLOWNESS, slowness + gain * (within - slowness));
  }

  /** Whether it has said what its load is. */
  boolean isKnown() {
    return aloneNanos > 0;
  }

  /** Whether its price is such that not even the best of drafts would pay. */
  boolean gatesDrafts() {
    return isKnown() && draftNanos >= aloneNanos;
  }

  /** Expected time of a round with so many drafts. */
  double nanos(int drafts) {
    return isKnown() ? slowness * shape(drafts) * (aloneNanos + drafts * draftNanos) : roundNanos;
  }

  /** Tokens per ns of the server alone; not before it is known. */
  double aloneRate() {
    return 1 / (aloneSlowness * aloneNanos);
  }

  private static boolean isTime(double seconds) {
    return seconds >= 0 && seconds <= MOST_SECONDS;
  }
}
