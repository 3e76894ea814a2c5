package org.sled.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One device in virtual time, with a server that tells the truth. */
class OptimalLengthTest {
  private static final int MOST = 16;

  private final Random random = new Random(5);
  private final OptimalLength policy = new OptimalLength();

  private double acceptance = 0.8;
  private double draftMillis = 2;
  private double linkMillis = 5;
  private double aloneMillis = 60;
  private double priceMillis = 5;

  private long rounds;
  private int switches;
  private boolean lastWasPush;

  /** Runs for so many tokens; returns tokens per second. */
  private double run(DraftLengthPolicy lengths, int tokens) {
    double millis = 0;
    int made = 0;
    boolean pushed = false;
    while (made < tokens) {
      int drafts = lengths.next(MOST);
      assertTrue(drafts >= 0 && drafts <= MOST);
      switches += (drafts == 0) == lastWasPush ? 0 : 1;
      lastWasPush = drafts == 0;
      if (drafts == 0) {
        // A round trip, and then a token after the other.
        millis += pushed ? 0 : linkMillis;
        millis += 4 * aloneMillis;
        lengths.load(priceMillis / 1e3, aloneMillis / 1e3);
        lengths.pushed(4, pushed ? nanos(4 * aloneMillis) : 0);
        made += 4;
        pushed = true;
        continue;
      }
      int accepted = 0;
      while (accepted < drafts && random.nextDouble() < acceptance) {
        accepted++;
      }
      double server = aloneMillis + drafts * priceMillis;
      millis += drafts * draftMillis + linkMillis + server;
      lengths.drafted(drafts, nanos(drafts * draftMillis), !pushed);
      lengths.load(priceMillis / 1e3, aloneMillis / 1e3);
      lengths.answered(drafts, accepted, nanos(linkMillis), nanos(server));
      made += accepted + 1;
      rounds++;
      pushed = false;
    }
    return made / millis * 1e3;
  }

  private static long nanos(double millis) {
    return (long) (millis * 1e6);
  }

  /** The best that any length can reach, or the server alone. */
  private double bestRate() {
    double best = 1e3 / aloneMillis;
    double chance = 1;
    double tokens = 1;
    for (int k = 1; k <= MOST; k++) {
      chance *= acceptance;
      tokens += chance;
      double millis = linkMillis + aloneMillis + k * (draftMillis + priceMillis);
      best = Math.max(best, tokens / millis * 1e3);
    }
    return best;
  }

  @ParameterizedTest
  @CsvSource({
    "0.9, 2, 5, 60, 1",
    "0.8, 2, 5, 60, 5",
    "0.7, 10, 0, 60, 10",
    "0.6, 2, 100, 60, 5",
    "0.5, 20, 50, 60, 2",
    "0.3, 5, 10, 60, 10",
    "0.05, 5, 100, 60, 10",
    "0.7, 2, 5, 60, 60",
    "0.95, 1, 200, 30, 0.5",
    "0.9, 50, 20, 60, 1",
  })
  void comesCloseToTheBest(
      double acceptance, double draft, double link, double alone, double price) {
    this.acceptance = acceptance;
    draftMillis = draft;
    linkMillis = link;
    aloneMillis = alone;
    priceMillis = price;
    run(policy, 500);
    double rate = run(policy, 20_000);
    assertTrue(rate >= 0.95 * bestRate(), () -> rate + " of " + bestRate() + " tokens/s");
    assertTrue(
        rate >= 0.98 * 1e3 / alone, () -> rate + ", alone " + 1e3 / aloneMillis + " tokens/s");
  }

  @Test
  void adaptsWithinTensOfRounds() {
    run(policy, 2000);
    acceptance = 0.05; // another text
    aloneMillis = 30;
    priceMillis = 20;
    run(policy, 150);
    assertEquals(0, policy.next(MOST));
    acceptance = 0.9;
    priceMillis = 1;
    run(policy, 3000); // it has to find out
    assertTrue(policy.next(MOST) >= 4);
  }

  @Test
  void probesAreRare() {
    acceptance = 0.02;
    run(policy, 500);
    rounds = 0;
    run(policy, 20_000);
    assertTrue(rounds <= 40, () -> rounds + " blocks");
  }

  @Test
  void doesNotGoToAndFroWhereBothAreAlike() {
    // The best block is as fast as the server alone.
    acceptance = 0.7;
    draftMillis = 5;
    linkMillis = 20;
    aloneMillis = 60;
    priceMillis = 17;
    run(policy, 1000);
    switches = 0;
    double rate = run(policy, 20_000);
    assertTrue(switches <= 900, () -> switches + " switches");
    assertTrue(rate >= 0.95 * bestRate(), () -> rate + " of " + bestRate() + " tokens/s");
  }

  @Test
  void trimsDoNotMislead() {
    // The server looks at two drafts only, and both are always right.
    for (int i = 0; i < 100; i++) {
      policy.drafted(8, nanos(16), true);
      policy.load(0.001, 0.060);
      policy.answered(2, 2, nanos(5), nanos(70));
    }
    assertTrue(policy.next(MOST) >= 8);
  }

  @Test
  void nonsenseFromAServerIsIgnored() {
    for (double nonsense : new double[] {Double.NaN, -1, Double.POSITIVE_INFINITY, 1e9}) {
      policy.load(nonsense, 0.060);
      policy.load(0.001, nonsense);
    }
    double rate = run(policy, 500);
    assertTrue(rate >= 0.8 * bestRate(), () -> rate + " of " + bestRate() + " tokens/s");
  }
}
