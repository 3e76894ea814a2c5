package org.sled.core.draft;

/**
 * Always as many drafts as may be, unless the server is too busy to look at any: then it goes on
 * alone for a while, the longer the more often that was so.
 */
public final class FixedLength implements DraftLengthPolicy {
  /**
   * So many blocks in succession of which nothing was looked at, before the server goes on alone.
   */
  private static final int REFUSED_BLOCKS = 2;

  private static final int FIRST_PAUSE_TOKENS = 32;
  private static final int MOST_PAUSE_TOKENS = 1024;

  private final int window;
  private int refused;
  private int pauseTokens = FIRST_PAUSE_TOKENS;
  private int pushedTokens;

  /**
   * A device that knows nothing yet.
   *
   * @param window blocks in flight at most, at least 1
   */
  public FixedLength(int window) {
    this.window = window;
  }

  @Override
  public synchronized int next(float[] probabilities, int from, int ready, int most) {
    return isPausing() ? 0 : most;
  }

  /** Whether the server goes on alone for now. */
  synchronized boolean isPausing() {
    return refused >= REFUSED_BLOCKS && pushedTokens < pauseTokens;
  }

  @Override
  public boolean draftsAhead(
      float[] probabilities, int from, int ready, int most, long waitedNanos) {
    return true;
  }

  @Override
  public boolean worthCatchingUp(long nanos, int remainingTokens) {
    return true; // drafts were asked for, whatever they cost
  }

  @Override
  public int window() {
    return window;
  }

  @Override
  public void link(long roundTripNanos) {
    // Does not change the length.
  }

  @Override
  public void load(double draftSeconds, double aloneSeconds, int commonDrafts) {
    // Does not change the length.
  }

  @Override
  public void drafted(long nanos, boolean steady) {
    // Does not change the length.
  }

  @Override
  public synchronized void answered(BlockAnswer answer, float[] probabilities, int from) {
    if (answer.verified() > 0) {
      refused = 0;
      pauseTokens = FIRST_PAUSE_TOKENS;
      return;
    }
    if (refused >= REFUSED_BLOCKS) {
      pauseTokens = Math.min(MOST_PAUSE_TOKENS, 2 * pauseTokens);
    }
    refused++;
    pushedTokens = 0;
  }

  @Override
  public void catchesUp() {
    // It drafts as soon as it can.
  }

  @Override
  public boolean wantsTrial() {
    return false;
  }

  @Override
  public void tried(boolean right, float probability) {
    // Does not change the length.
  }

  @Override
  public synchronized void pushed(int count, long nanos) {
    pushedTokens += count;
  }

  @Override
  public DraftExperience experience() {
    return DraftExperience.NONE; // no length depends on it
  }
}
