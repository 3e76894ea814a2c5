package org.sled.core.draft;

/**
 * Drafts as long as the draft model is sure enough of what it drafts: the dynamic drafting of the
 * SLED paper (arXiv 2506.09397). A token below the threshold is not sent, but kept: it may be what
 * the server says in its place. The first draft of a block is sent in any case.
 */
public final class ThresholdLength implements DraftLengthPolicy {
  private final float threshold;
  private final FixedLength pauses;

  /**
   * A device that knows nothing yet.
   *
   * @param threshold probability that a draft must have, 0 to 1
   * @param window blocks in flight at most, at least 1
   */
  public ThresholdLength(double threshold, int window) {
    if (!(threshold >= 0 && threshold <= 1)) {
      throw new IllegalArgumentException("threshold is " + threshold + ", not within 0 to 1");
    }
    this.threshold = (float) threshold;
    pauses = new FixedLength(window);
  }

  @Override
  public int next(float[] probabilities, int from, int ready, int most) {
    if (pauses.isPausing()) {
      return 0;
    }
    for (int i = 0; i < ready; i++) {
      if (probabilities[from + i] < threshold) {
        return Math.max(1, i);
      }
    }
    return Math.min(ready + 1, most);
  }

  @Override
  public boolean draftsAhead(
      float[] probabilities, int from, int ready, int most, long waitedNanos) {
    return ready < 1 || next(probabilities, from, ready, most) > ready;
  }

  @Override
  public boolean worthCatchingUp(long nanos, int remainingTokens) {
    return pauses.worthCatchingUp(nanos, remainingTokens);
  }

  @Override
  public int window() {
    return pauses.window();
  }

  @Override
  public void link(long roundTripNanos) {
    pauses.link(roundTripNanos);
  }

  @Override
  public void load(double draftSeconds, double aloneSeconds, int commonDrafts) {
    pauses.load(draftSeconds, aloneSeconds, commonDrafts);
  }

  @Override
  public void drafted(long nanos, boolean steady) {
    pauses.drafted(nanos, steady);
  }

  @Override
  public void answered(BlockAnswer answer, float[] probabilities, int from) {
    pauses.answered(answer, probabilities, from);
  }

  @Override
  public void catchesUp() {
    pauses.catchesUp();
  }

  @Override
  public boolean wantsTrial() {
    return pauses.wantsTrial();
  }

  @Override
  public void tried(boolean right, float probability) {
    pauses.tried(right, probability);
  }

  @Override
  public void pushed(int count, long nanos) {
    pauses.pushed(count, nanos);
  }

  @Override
  public DraftExperience experience() {
    return pauses.experience();
  }
}
