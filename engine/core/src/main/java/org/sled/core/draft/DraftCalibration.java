package org.sled.core.draft;

/**
 * How often drafts are right: of all, and of those that the draft model gave a certain probability.
 *
 * <p>A model's probability says how sure it is, not how often it is right: that is counted, from
 * verdicts, for ranges of probability. A range that was hardly seen is taken to be like all. Only
 * drafts that were looked at count, so that a server that cuts blocks off misleads nobody.
 *
 * <p>Not thread-safe; allocates only when created.
 */
final class DraftCalibration {
  /** Drafts are believed to be right so often, until some were looked at. */
  private static final double FIRST_ACCEPTANCE = 0.75;

  private static final double FIRST_DRAFTS_SEEN = 5;

  /**
   * What earlier clients saw counts as so many drafts at most: this text may be of another kind.
   */
  private static final double MOST_EARLIER_DRAFTS = 24;

  /** What was seen so many drafts ago counts 1/e: of all, and within a range. */
  private static final double MEMORY = 128;

  private static final double MEMORY_IN_RANGE = 96;

  /** A range is taken to be like all with the weight of so many drafts. */
  private static final double RANGE_PRIOR = 12;

  /** Upper ends of the ranges; finer where most drafts of a good model are. */
  private static final float[] RANGES = {
    0.2f, 0.35f, 0.5f, 0.6f, 0.7f, 0.8f, 0.88f, 0.94f, 0.98f, 0.995f, 2
  };

  private static final double LEAST = 0.001;
  private static final double MOST = 0.999;

  private final double[] looked = new double[RANGES.length];
  private final double[] matched = new double[RANGES.length];
  private double allLooked = FIRST_DRAFTS_SEEN;
  private double allMatched = FIRST_DRAFTS_SEEN * FIRST_ACCEPTANCE;

  /** Nothing was seen in this client; earlier ones may have seen something. */
  DraftCalibration(DraftExperience earlier) {
    double weight = Math.min(MOST_EARLIER_DRAFTS, earlier.drafts());
    allLooked += weight;
    allMatched += weight * earlier.acceptance();
  }

  /** How many drafts its knowledge is worth. */
  double drafts() {
    return allLooked;
  }

  /** The chance that a draft is right if all before it are. */
  double acceptance() {
    return allMatched / allLooked;
  }

  /**
   * How far that may be above what was seen. Whoever leaves drafts sees no more of them: a few
   * wrong ones in succession must not be the last word.
   */
  double doubt() {
    double all = acceptance();
    return Math.sqrt(all * (1 - all) / allLooked);
  }

  /**
   * The chance that a draft is right to which the draft model gave this probability; NaN where the
   * model gave none.
   */
  double acceptance(float probability) {
    double all = acceptance();
    if (Float.isNaN(probability)) {
      return all;
    }
    int range = range(probability);
    double chance = (matched[range] + RANGE_PRIOR * all) / (looked[range] + RANGE_PRIOR);
    return Math.max(LEAST, Math.min(MOST, chance));
  }

  /** Of a block, so many drafts were looked at, and so many of them were right. */
  void answered(int verified, int accepted, float[] probabilities, int from) {
    int seen = Math.min(verified, accepted + 1);
    for (int i = 0; i < seen; i++) {
      seen(i < accepted, probabilities[from + i]);
    }
  }

  /** One draft behind right ones was looked at; NaN: the model gave it no probability. */
  void seen(boolean isRight, float probability) {
    double right = isRight ? 1 : 0;
    if (!Float.isNaN(probability)) {
      int range = range(probability);
      looked[range] += 1 - looked[range] / MEMORY_IN_RANGE;
      matched[range] += right - matched[range] / MEMORY_IN_RANGE;
    }
    allLooked += 1 - allLooked / MEMORY;
    allMatched += right - allMatched / MEMORY;
  }

  private static int range(float probability) {
    int range = 0;
    while (range < RANGES.length - 1 && probability >= RANGES[range]) {
      range++;
    }
    return range;
  }
}
