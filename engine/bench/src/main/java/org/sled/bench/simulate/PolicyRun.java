package org.sled.bench.simulate;

import java.util.List;
import org.sled.bench.report.Estimate;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.Drafting;

/**
 * What a way to draft brought in one cell.
 *
 * @param name of the way, as options would say it
 * @param draftTokens per block at most; 0: the server alone
 * @param window blocks in flight at most
 * @param tokensPerSecond behind the first token, over the seeds
 * @param perSeed the same of each seed
 */
public record PolicyRun(
    String name, int draftTokens, int window, Estimate tokensPerSecond, List<Double> perSeed) {
  /** A way to draft. */
  record Way(String name, int draftTokens, Drafting drafting) {
    static Way central() {
      return new Way("central", 0, Drafting.of(DraftPolicy.FIXED));
    }

    static Way fixed(int draftTokens, int window) {
      return new Way("fixed", draftTokens, Drafting.of(DraftPolicy.FIXED).withWindow(window));
    }

    static Way of(DraftPolicy policy, int draftTokens) {
      return new Way(
          policy.name().toLowerCase(java.util.Locale.ROOT), draftTokens, Drafting.of(policy));
    }
  }

  static PolicyRun of(Way way, List<Double> perSeed) {
    return new PolicyRun(
        way.name(), way.draftTokens(), way.drafting().window(), Estimate.of(perSeed), perSeed);
  }

  /** Mean tokens per second. */
  public double mean() {
    return tokensPerSecond.mean();
  }
}
