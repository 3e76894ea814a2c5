package org.sled.bench.load;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/** Counts what became of drafts. Any thread. */
public final class Acceptance {
  /** Positions that are told apart; the protocol's longest block has fewer. */
  private static final int POSITIONS = 256;

  private final AtomicLongArray verified = new AtomicLongArray(POSITIONS);
  private final AtomicLongArray accepted = new AtomicLongArray(POSITIONS);
  private final LongAdder draftedTotal = new LongAdder();
  private final LongAdder acceptedTotal = new LongAdder();
  private final LongAdder rounds = new LongAdder();

  void round(int blockDrafted, int blockVerified, int blockAccepted) {
    rounds.increment();
    draftedTotal.add(blockDrafted);
    acceptedTotal.add(blockAccepted);
    for (int i = 0; i < Math.min(blockVerified, POSITIONS); i++) {
      verified.incrementAndGet(i);
      if (i < blockAccepted) {
        accepted.incrementAndGet(i);
      }
    }
  }

  /** Blocks that were answered. */
  public long rounds() {
    return rounds.sum();
  }

  /** Drafts in them. */
  public long drafted() {
    return draftedTotal.sum();
  }

  /** Drafts that equal the target's tokens. */
  public long accepted() {
    return acceptedTotal.sum();
  }

  /** Accepted ÷ drafted; NaN without drafts. */
  public double share() {
    return (double) accepted() / drafted();
  }

  /**
   * Of several runs together, at index i: P(draft i matches, given that all before it did), up to
   * where it is known.
   */
  public static List<Double> perPosition(List<Acceptance> runs) {
    List<Double> shares = new ArrayList<>();
    for (int i = 0; i < POSITIONS; i++) {
      long looked = 0;
      long matched = 0;
      for (Acceptance run : runs) {
        looked += run.verified.get(i);
        matched += run.accepted.get(i);
      }
      if (looked == 0) {
        break;
      }
      shares.add((double) matched / looked);
    }
    return shares;
  }
}
