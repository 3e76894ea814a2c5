package org.sled.device.session;

/**
 * What is to be remembered of the blocks under way, until their verdicts come: how long they are
 * and when they were drafted and sent. Belongs to the draft thread.
 */
final class BlocksSent {
  private final int[] rounds;
  private final int[] drafts;
  private final long[] startNanos;
  private final long[] sentNanos;
  private final long[] draftNanos;
  private int nextOffset;

  /** Creates it for so many blocks, whose rounds follow each other. */
  BlocksSent(int most) {
    rounds = new int[most];
    drafts = new int[most];
    startNanos = new long[most];
    sentNanos = new long[most];
    draftNanos = new long[most];
  }

  /** A block is sent. */
  void add(
      int round,
      int kvOffset,
      int draftCount,
      long newStartNanos,
      long newSentNanos,
      long newDraftNanos) {
    int slot = round % rounds.length;
    rounds[slot] = round;
    drafts[slot] = draftCount;
    startNanos[slot] = newStartNanos;
    sentNanos[slot] = newSentNanos;
    draftNanos[slot] = newDraftNanos;
    nextOffset = kvOffset + draftCount + 1;
  }

  /** Where a block starts that builds on the newest one: at the guess for the server's token. */
  int nextOffset() {
    return nextOffset;
  }

  /** Drafts of a block; 0 if it is not known any more. */
  int drafts(int round) {
    int slot = Math.floorMod(round, rounds.length);
    return rounds[slot] == round ? drafts[slot] : 0;
  }

  /** What its drafts took, ns. */
  long draftNanos(int round) {
    return draftNanos[round % rounds.length];
  }

  /** When its round began, ns. */
  long startNanos(int round) {
    return startNanos[round % rounds.length];
  }

  /** When it was sent, ns. */
  long sentNanos(int round) {
    return sentNanos[round % rounds.length];
  }
}
