package org.sled.device.draft;

import org.sled.core.draft.DraftExperience;
import org.sled.core.draft.DraftLengthPolicy;
import org.sled.core.draft.FixedLength;
import org.sled.core.draft.OptimalLength;
import org.sled.core.draft.ThresholdLength;

/**
 * How a client drafts. Immutable.
 *
 * @param policy how long its blocks are
 * @param window blocks that a generation may have in flight, 1 to {@link #MAX_WINDOW}; with {@link
 *     DraftPolicy#OPTIMAL} at most, as many as pay
 * @param threshold with {@link DraftPolicy#THRESHOLD}: the probability that the draft model must
 *     give a token for it to be sent, 0 to 1
 */
public record Drafting(DraftPolicy policy, int window, double threshold) {
  /** Blocks in flight at most: a server lets more of a session wait, but no link needs them. */
  public static final int MAX_WINDOW = 8;

  /** Drafts that are more likely than not are sent, unless told otherwise. */
  public static final double DEFAULT_THRESHOLD = 0.5;

  /** As {@link DraftPolicy#OPTIMAL} finds best. */
  public static final Drafting DEFAULT = of(DraftPolicy.OPTIMAL);

  /** Refuses values that are none. */
  public Drafting {
    if (window < 1 || window > MAX_WINDOW) {
      throw new IllegalArgumentException("window is " + window + ", not within 1 to " + MAX_WINDOW);
    }
    if (!(threshold >= 0 && threshold <= 1)) {
      throw new IllegalArgumentException("threshold is " + threshold + ", not within 0 to 1");
    }
  }

  /** As usual with a policy: one block in flight, but for OPTIMAL. */
  public static Drafting of(DraftPolicy policy) {
    return new Drafting(policy, policy == DraftPolicy.OPTIMAL ? MAX_WINDOW : 1, DEFAULT_THRESHOLD);
  }

  /** A copy with another {@link #window}. */
  public Drafting withWindow(int value) {
    return new Drafting(policy, value, threshold);
  }

  /** A copy with another {@link #threshold}. */
  public Drafting withThreshold(double value) {
    return new Drafting(policy, window, value);
  }

  public DraftLengthPolicy createPolicy() {
    return createPolicy(DraftExperience.NONE);
  }

  /** A policy that begins with what earlier clients learnt. */
  public DraftLengthPolicy createPolicy(DraftExperience earlier) {
    return switch (policy) {
      case FIXED -> new FixedLength(window);
      case THRESHOLD -> new ThresholdLength(threshold, window);
      case OPTIMAL -> new OptimalLength(window, earlier);
    };
  }
}
