package org.sled.device;

import org.sled.core.DraftLengthPolicy;

/** A policy that leaves everything to the server while drafting is paused. Any thread. */
final class PausableDrafting implements DraftLengthPolicy {
  private final DraftLengthPolicy policy;
  private volatile boolean paused;

  PausableDrafting(DraftLengthPolicy policy) {
    this.policy = policy;
  }

  void pause(boolean now) {
    paused = now;
  }

  boolean isPaused() {
    return paused;
  }

  @Override
  public int next(float[] probabilities, int from, int ready, int most) {
    return paused ? 0 : policy.next(probabilities, from, ready, most);
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
  public void load(double draftSeconds, double aloneSeconds) {
    policy.load(draftSeconds, aloneSeconds);
  }

  @Override
  public void drafted(long nanos, boolean steady) {
    policy.drafted(nanos, steady);
  }

  @Override
  public void answered(
      int verified,
      int accepted,
      float[] probabilities,
      int from,
      boolean shared,
      long linkNanos,
      long serverNanos,
      long queuedNanos) {
    policy.answered(
        verified, accepted, probabilities, from, shared, linkNanos, serverNanos, queuedNanos);
  }

  @Override
  public void pushed(int count, long nanos) {
    policy.pushed(count, nanos);
  }

  @Override
  public int pushedPerRoundTrip(long moreNanos) {
    return policy.pushedPerRoundTrip(moreNanos);
  }
}
