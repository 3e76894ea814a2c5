package org.sled.device.draft;

import org.sled.core.draft.BlockAnswer;
import org.sled.core.draft.DraftExperience;
import org.sled.core.draft.DraftLengthPolicy;

/** A policy that leaves everything to the server while drafting is paused. Any thread. */
public final class PausableDrafting implements DraftLengthPolicy {
  private final DraftLengthPolicy policy;
  private volatile boolean paused;

  public PausableDrafting(DraftLengthPolicy policy) {
    this.policy = policy;
  }

  public void pause(boolean now) {
    paused = now;
  }

  public boolean isPaused() {
    return paused;
  }

  @Override
  public int next(float[] probabilities, int from, int ready, int most) {
    return paused ? 0 : policy.next(probabilities, from, ready, most);
  }

  @Override
  public boolean draftsAhead(
      float[] probabilities, int from, int ready, int most, long waitedNanos) {
    return !paused && policy.draftsAhead(probabilities, from, ready, most, waitedNanos);
  }

  @Override
  public boolean worthCatchingUp(long nanos, int remainingTokens) {
    return !paused && policy.worthCatchingUp(nanos, remainingTokens);
  }

  @Override
  public int window() {
    return paused ? 1 : policy.window();
  }

  @Override
  public void link(long roundTripNanos) {
    policy.link(roundTripNanos);
  }

  @Override
  public void load(double draftSeconds, double aloneSeconds, int commonDrafts) {
    policy.load(draftSeconds, aloneSeconds, commonDrafts);
  }

  @Override
  public void drafted(long nanos, boolean steady) {
    policy.drafted(nanos, steady);
  }

  @Override
  public void answered(BlockAnswer answer, float[] probabilities, int from) {
    policy.answered(answer, probabilities, from);
  }

  @Override
  public void catchesUp() {
    policy.catchesUp();
  }

  @Override
  public boolean wantsTrial() {
    return !paused && policy.wantsTrial();
  }

  @Override
  public void tried(boolean right, float probability) {
    policy.tried(right, probability);
  }

  @Override
  public void pushed(int count, long nanos) {
    policy.pushed(count, nanos);
  }

  @Override
  public DraftExperience experience() {
    return policy.experience();
  }
}
