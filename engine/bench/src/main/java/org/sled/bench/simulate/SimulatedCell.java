package org.sled.bench.simulate;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.List;

/**
 * One link, one draft rate, one draft model: what each way to draft brings there.
 *
 * @param rttMillis round trip time of the link, ms
 * @param draftRate tokens that the device drafts per second
 * @param drafts which draft model, as it was asked for
 * @param acceptance per position, over the seeds' texts
 * @param bound tokens/s of drafts that are verified at once
 * @param blockBound tokens/s of the best pipeline of blocks of one length; see {@link Simulation}
 * @param central the server alone
 * @param fixed blocks of fixed lengths, with several windows
 * @param threshold up to the first unsure draft
 * @param optimal as many as pay
 */
public record SimulatedCell(
    double rttMillis,
    double draftRate,
    String drafts,
    double acceptance,
    double bound,
    double blockBound,
    PolicyRun central,
    List<PolicyRun> fixed,
    PolicyRun threshold,
    PolicyRun optimal) {

  /** The fixed length that is the best in hindsight, with whichever window. */
  @JsonIgnore
  public PolicyRun bestFixed() {
    return best(Integer.MAX_VALUE);
  }

  /** The fixed length that is the best in hindsight, with one block in flight. */
  @JsonIgnore
  public PolicyRun bestSingle() {
    return best(1);
  }

  private PolicyRun best(int mostWindow) {
    PolicyRun best = null;
    for (PolicyRun run : fixed) {
      if (run.window() <= mostWindow && (best == null || run.mean() > best.mean())) {
        best = run;
      }
    }
    return best;
  }

  /** Blocks of so many drafts, one in flight; null if they were not tried. */
  public PolicyRun fixed(int draftTokens) {
    return fixed.stream()
        .filter(run -> run.draftTokens() == draftTokens && run.window() == 1)
        .findFirst()
        .orElse(null);
  }

  /** What {@code optimal} brings by the best fixed length. */
  public double optimalToBestFixed() {
    return optimal.mean() / bestFixed().mean();
  }

  /** What {@code optimal} brings by the server alone. */
  public double optimalToCentral() {
    return optimal.mean() / central.mean();
  }

  /** What {@code optimal} brings by the bound for blocks. */
  public double optimalToBlockBound() {
    return optimal.mean() / blockBound;
  }
}
