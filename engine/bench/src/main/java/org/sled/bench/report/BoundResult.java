package org.sled.bench.report;

import org.sled.bench.cost.Bound;
import org.sled.bench.cost.CostTable;

/**
 * What was reached of what could be.
 *
 * @param best the best that any fixed block length could give
 * @param reachedShare tokens per second ÷ those of the best
 * @param devices that it is for
 * @param draftMs time to draft a token that went into it, ms
 * @param fixedMs a round's time beside drafting and computing that went into it, ms
 * @param costTable time of a step by its shape
 */
public record BoundResult(
    Bound best,
    Double reachedShare,
    int devices,
    double draftMs,
    double fixedMs,
    CostTable costTable) {

  /**
   * From a result and a cost table.
   *
   * @param devices that there were
   * @param result of a run with one block of each device in flight, or without drafts
   */
  public static BoundResult of(CostTable table, int devices, BenchResult result) {
    double fixed = mean(result, "uplink") + mean(result, "downlink") + mean(result, "overhead");
    double drafted = result.rounds() == 0 ? 0 : (double) result.draftedTokens() / result.rounds();
    double draft = drafted == 0 ? 0 : mean(result, "draft") / drafted;
    Bound best = Bound.of(table, result.acceptancePerPosition(), devices, draft, fixed);
    Double rate = result.tokensPerSecond();
    return new BoundResult(
        best,
        rate == null ? null : Rounding.orNull(rate / best.tokensPerSecond()),
        devices,
        Rounding.round(draft),
        Rounding.round(fixed),
        table);
  }

  private static double mean(BenchResult result, String phase) {
    BenchResult.Phase known = result.phases().get(phase);
    return known == null ? 0 : known.meanMs();
  }
}
