package org.sled.bench.cost;

import java.util.List;

/**
 * The best rate that any fixed block length could give with one block of each device in flight, if
 * the scheduler were perfect: a server that never pauses, batches of the best size, and no device
 * that waits for anything but its own round.
 *
 * <p>With S_j the share of blocks whose first j drafts all match, a block of k drafts brings E_k =
 * 1 + S_1 + … + S_k tokens. A step over m sequences takes T(m, k+1). Then no schedule gives more
 * than
 *
 * <pre>
 *   max over k, m ≤ n of  min( m·E_k / T(m, k+1),  n·E_k / ((1 − S_{k+1})·k·t_d + V + T(m, k+1)) )
 * </pre>
 *
 * <p>for n devices that draft a token in t_d and whose rounds take V beside drafting and computing:
 * the first term is the server's limit, the second the devices'. They draft on while a verdict is
 * on its way; if it leaves all of that standing, with the guess for the server's own token, the
 * next block is there already.
 *
 * @param tokensPerSecond the best rate
 * @param draftTokens the block length k that gives it; 0: central serving is best
 * @param sequencesPerStep the batch size m that gives it
 * @param engineBusyShare share of the time that the engine computes then: near 1 the server is the
 *     limit, far below it the devices and their links are
 */
public record Bound(
    double tokensPerSecond, int draftTokens, int sequencesPerStep, double engineBusyShare) {
  /** Longer blocks than this are never the best in practice. */
  public static final int LONGEST_BLOCK = 16;

  /**
   * Computes it.
   *
   * @param acceptance at index i: P(draft i matches, given that all before it did); behind its end
   *     the last value goes on; empty for a draft model that is not there
   * @param devices n
   * @param draftMillis t_d, ms
   * @param fixedMillis V, ms
   */
  public static Bound of(
      CostTable table,
      List<Double> acceptance,
      int devices,
      double draftMillis,
      double fixedMillis) {
    Bound best = null;
    double expected = 0;
    double allMatch = 1;
    for (int k = 0; k <= (acceptance.isEmpty() ? 0 : LONGEST_BLOCK); k++) {
      expected += allMatch;
      // Of the drafts of this block and the one behind them.
      allMatch *= acceptance.isEmpty() ? 0 : acceptance.get(Math.min(k + 1, acceptance.size()) - 1);
      double drafting = (1 - allMatch) * k * draftMillis;
      for (int m = 1; m <= devices; m++) {
        double step = table.stepMillis(m, k + 1);
        double server = m * expected / step * 1e3;
        double fleet = devices * expected / (drafting + fixedMillis + step) * 1e3;
        double rate = Math.min(server, fleet);
        if (best == null || rate > best.tokensPerSecond()) {
          best = new Bound(rate, k, m, rate / server);
        }
      }
    }
    return best;
  }
}
