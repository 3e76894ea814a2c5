package org.sled.simulator;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sled.core.draft.FixedLength;
import org.sled.core.draft.OptimalLength;

/**
 * What fleets of several sizes make of a server, under a virtual clock: by default, in the SLED
 * paper's static batches of blocks of 4, and where the server generates alone.
 */
class FleetTest {
  private static final double SECONDS = 60;
  private static final int SEEDS = 8;

  /** Of the others' tokens per second. */
  private static final double LEAST_TOKENS = 0.92;

  /** Of the time per token without drafts, p99: of some hundred texts, so that it varies. */
  private static final double MOST_TOKEN_TIME = 1.12;

  @ParameterizedTest
  @CsvSource({"small model, 13, 0.95", "slow processor, 15, 2.5", "GPU, 8, 0.1"})
  void theDefaultIsAsGoodAsBatchesAndAsNoDrafts(String name, double passMillis, double rowMillis) {
    PolicyFleet.Costs costs = PolicyFleet.Costs.ofMillis(passMillis, rowMillis, 0);
    for (int devices : new int[] {1, 2, 4, 8, 16}) {
      Sums sled = new Sums();
      Sums batches = new Sums();
      Sums central = new Sums();
      for (int seed = 0; seed < SEEDS; seed++) {
        sled.add(fleet(costs, devices, seed).drafting(() -> new OptimalLength(4), 62));
        batches.add(
            fleet(costs, devices, seed).drafting(() -> new FixedLength(1), 4).inStaticBatches());
        central.add(fleet(costs, devices, seed));
      }
      String what =
          String.format(
              "%s, %d devices, tokens/s and p99 of ms per token: %s; static batches %s; no drafts"
                  + " %s",
              name, devices, sled, batches, central);
      System.out.println(what);
      assertTrue(sled.tokens >= LEAST_TOKENS * batches.tokens, what);
      assertTrue(sled.tokens >= 0.98 * central.tokens, what);
      assertTrue(sled.tokenMillis <= MOST_TOKEN_TIME * central.tokenMillis, what);
    }
  }

  private static PolicyFleet.Builder fleet(PolicyFleet.Costs costs, int devices, int seed) {
    return new PolicyFleet.Builder(costs, devices).withSeed(seed);
  }

  /** Of all seeds. */
  private static final class Sums {
    private double tokens;
    private double tokenMillis;

    void add(PolicyFleet.Builder builder) {
      PolicyFleet fleet = builder.run(SECONDS);
      tokens += fleet.tokensPerSecond() / SEEDS;
      tokenMillis += fleet.tokenMillis(99) / SEEDS;
    }

    @Override
    public String toString() {
      return String.format("%.0f and %.1f", tokens, tokenMillis);
    }
  }
}
