package org.sled.device;

import java.util.concurrent.TimeUnit;
import org.sled.core.DraftLengthPolicy;

/**
 * How far the server may be ahead of its device while it generates alone: so far that it never
 * waits for credit, and no further than it takes where drafting may soon pay again. Belongs to the
 * draft thread; allocates only when created.
 */
final class PushCredit {
  /**
   * Tokens that the server may be ahead: enough to cover a round trip of half a second at 100
   * tokens/s, few enough that a cancel wastes little.
   */
  static final int MOST = 64;

  /**
   * While drafting may pay again soon, the server is ahead by what the link takes, this time, and
   * so many tokens.
   */
  private static final long SHORT_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private static final int SHORT_TOKENS = 3;

  private final DraftLengthPolicy policy;

  private int outstanding;
  private int last;
  private boolean begun;
  private long sentNanos; // when the first credit of this push was sent
  private long firstNanos; // when its first tokens came
  private long newestNanos; // when its newest tokens came; 0: none yet
  private int tokensAfterFirst; // that came after the first ones
  private int tokensPerRoundTrip; // of this push, or the one before

  /**
   * Creates it.
   *
   * @param policy knows the link and the server's pace
   */
  PushCredit(DraftLengthPolicy policy) {
    this.policy = policy;
  }

  /** A push is about to begin. */
  void begin() {
    outstanding = 0;
    newestNanos = 0;
    begun = false;
  }

  /** Whether any credit was given in this push. */
  boolean isBegun() {
    return begun;
  }

  /** Tokens that may still come. */
  int outstanding() {
    return outstanding;
  }

  /**
   * Enough to cover a round trip twice, so that the server never waits for it.
   *
   * @param awaitsProposal the next token may bring something to draft
   */
  int shortCredit(boolean awaitsProposal) {
    if (awaitsProposal) {
      return Math.min(MOST, 2 * (tokensPerRoundTrip + SHORT_TOKENS));
    }
    int ahead = policy.pushedPerRoundTrip(SHORT_NANOS);
    return ahead == 0 ? MOST : Math.min(MOST, 2 * (ahead + SHORT_TOKENS));
  }

  /**
   * Whether half of a credit is used up: time to send more, before the server has to wait for it.
   *
   * @param left tokens that are wanted
   */
  boolean isDue(int credit, int left) {
    return outstanding <= credit / 2 && outstanding < left;
  }

  /** Fills it up; returns what is to be sent. */
  int fill(int credit, int left, long nowNanos) {
    sentNanos = begun ? sentNanos : nowNanos;
    begun = true;
    last = Math.min(credit, left) - outstanding;
    outstanding += last;
    return last;
  }

  /** The server did not take the newest one. */
  void refused() {
    outstanding = Math.max(0, outstanding - last);
  }

  /**
   * Tokens came.
   *
   * @return time since those before them, ns; 0 if they are the first
   */
  long came(int count, long nowNanos) {
    outstanding -= count;
    long nanos = newestNanos == 0 ? 0 : nowNanos - newestNanos;
    measure(count, nowNanos);
    newestNanos = nowNanos;
    return nanos;
  }

  /**
   * How many tokens come in the time of a round trip. Where the server waits for credit they are as
   * many as it had, and the next credit is twice as much: so it soon does not wait any more.
   */
  private void measure(int count, long nowNanos) {
    if (newestNanos == 0) {
      firstNanos = nowNanos;
      tokensAfterFirst = 0;
      return;
    }
    tokensAfterFirst += count;
    long nanos = Math.max(1, nowNanos - firstNanos);
    long ahead = (firstNanos - sentNanos) * tokensAfterFirst / nanos;
    tokensPerRoundTrip = (int) Math.min(MOST, ahead);
  }
}
