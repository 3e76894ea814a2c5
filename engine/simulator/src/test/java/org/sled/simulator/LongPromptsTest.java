package org.sled.simulator;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sled.core.draft.FixedLength;

/**
 * Prompts of 1,500 tokens at 30 % of what the server computes when it has nothing else to do,
 * beside devices that ask again and again, under a virtual clock.
 */
class LongPromptsTest {
  private static final int PROMPT_TOKENS = 1500;
  private static final double LOAD = 0.3;
  private static final double SECONDS = 400;

  /** Times as long as without long prompts. */
  private static final double MOST_ROUNDS = 1.7;

  /** Times as long as on an idle server. */
  private static final double MOST_FIRST_TOKEN = 2.5;

  @ParameterizedTest
  @CsvSource({
    "small model,      4, 10, 0.95, 0.00113",
    "small model,      8, 10, 0.95, 0.00113",
    "slow processor,   4, 40, 11,   0.003",
    "slow processor,   8, 40, 11,   0.003",
    "GPU,              4, 8,  0.05, 0.00005",
    "GPU,              8, 8,  0.05, 0.00005",
  })
  void roundsAndFirstTokensAreDelayedWithinBounds(
      String name, int devices, double passMillis, double rowMillis, double tokenMillis) {
    PolicyFleet.Costs costs = PolicyFleet.Costs.ofMillis(passMillis, rowMillis, tokenMillis);
    double alone = run(costs, 0, 1 / 60.0).firstTokenMillis();
    PolicyFleet without = run(costs, devices, 0);
    PolicyFleet beside = run(costs, devices, LOAD / (alone / 1e3));

    double firstToken = beside.firstTokenMillis() / alone;
    double rounds = beside.roundMillis(99) / without.roundMillis(99);
    String what =
        String.format(
            "%s, %d devices: rounds' p50 %.0f and %.0f, p99 %.0f and %.0f ms, %.2f times as long;"
                + " first tokens %.2f times as late",
            name,
            devices,
            without.roundMillis(50),
            beside.roundMillis(50),
            without.roundMillis(99),
            beside.roundMillis(99),
            rounds,
            firstToken);
    System.out.println(what);
    assertTrue(rounds <= MOST_ROUNDS && firstToken <= MOST_FIRST_TOKEN, what);
  }

  private static PolicyFleet run(PolicyFleet.Costs costs, int devices, double promptsPerSecond) {
    return new PolicyFleet.Builder(costs, devices)
        .drafting(() -> new FixedLength(1), 4)
        .withPrompts(PROMPT_TOKENS, promptsPerSecond)
        .run(SECONDS);
  }
}
