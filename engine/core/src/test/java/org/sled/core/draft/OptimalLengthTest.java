package org.sled.core.draft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One device in virtual time, with a server that tells the truth. */
class OptimalLengthTest {
  private static final int MOST = 16;

  private final Random random = new Random(5);
  private final OptimalLength policy = new OptimalLength(1);

  private double acceptance = 0.8;
  private double draftMillis = 2;
  private double linkMillis = 5;
  private double aloneMillis = 60;
  private double priceMillis = 5;
  private int commonDrafts;

  private long rounds;
  private int switches;
  private int trials;
  private boolean lastWasPush;
  private boolean stands; // what was drafted during the last round
  private double lastRoundMillis;

  private final float[] unsure = new float[MOST];

  {
    Arrays.fill(unsure, Float.NaN);
  }

  /** Drafts a block; returns its length, 0 to leave it to the server. */
  private int block(DraftLengthPolicy lengths) {
    int ready = 0;
    while (true) {
      int drafts = lengths.next(unsure, 0, ready, MOST);
      assertTrue(drafts >= 0 && drafts <= MOST);
      if (drafts <= ready) {
        return drafts;
      }
      lengths.drafted(nanos(draftMillis), true);
      ready++;
    }
  }

  /** Runs for so many tokens; returns tokens per second. */
  private double run(DraftLengthPolicy lengths, int tokens) {
    double millis = 0;
    int made = 0;
    boolean pushed = false;
    while (made < tokens) {
      int drafts = block(lengths);
      switches += (drafts == 0) == lastWasPush ? 0 : 1;
      lastWasPush = drafts == 0;
      if (drafts == 0) {
        // A round trip, and then a token after the other.
        millis += pushed ? 0 : linkMillis;
        millis += 4 * aloneMillis;
        lengths.load(priceMillis / 1e3, aloneMillis / 1e3, commonDrafts);
        for (int i = 0; i < 4; i++) {
          if (lengths.wantsTrial()) {
            trials++;
            lengths.tried(random.nextDouble() < acceptance, Float.NaN);
          }
          lengths.pushed(1, pushed || i > 0 ? nanos(aloneMillis) : -1);
        }
        stands = false;
        lastRoundMillis = 0;
        made += 4;
        pushed = true;
        continue;
      }
      int accepted = 0;
      while (accepted < drafts && random.nextDouble() < acceptance) {
        accepted++;
      }
      double server = aloneMillis + Math.max(drafts, commonDrafts) * priceMillis;
      millis += draftingMillis(drafts, lastRoundMillis, stands) + linkMillis + server;
      stands = accepted == drafts && random.nextDouble() < acceptance;
      lastRoundMillis = linkMillis + server;
      lengths.load(priceMillis / 1e3, aloneMillis / 1e3, commonDrafts);
      lengths.answered(
          new BlockAnswer(drafts, drafts, accepted, nanos(linkMillis), nanos(server), 0),
          unsure,
          0);
      made += accepted + 1;
      rounds++;
      pushed = false;
    }
    return made / millis * 1e3;
  }

  /** What is still to be drafted, when the last round is over. */
  private double draftingMillis(int drafts, double roundMillis, boolean stands) {
    double ahead = (drafts + 1) * draftMillis;
    if (stands) {
      return Math.max(0, ahead - roundMillis);
    }
    boolean atWork = roundMillis > 0 && ahead > roundMillis;
    return (drafts + (atWork ? 0.5 : 0)) * draftMillis;
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
      double round = linkMillis + aloneMillis + k * priceMillis;
      double right = chance * acceptance;
      double millis =
          round
              + right * draftingMillis(k, round, true)
              + (1 - right) * draftingMillis(k, round, false);
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
    assertEquals(0, block(policy));
    acceptance = 0.9;
    priceMillis = 1;
    run(policy, 150); // drafts beside the server's tokens tell
    assertTrue(block(policy) >= 4);
  }

  @Test
  void comesBackWhenTheLinkHasBecomeFaster() {
    linkMillis = 400;
    run(policy, 200);
    assertEquals(0, block(policy), "the server alone is faster");
    for (int second = 0; second < 20; second++) {
      policy.link(nanos(5));
    }
    assertTrue(block(policy) > 0);
  }

  @Test
  void probesAreRare() {
    acceptance = 0.02;
    run(policy, 500);
    rounds = 0;
    trials = 0;
    double rate = run(policy, 20_000);
    assertTrue(rounds <= 20, () -> rounds + " blocks");
    assertTrue(trials <= 20_000 / 12, () -> trials + " drafts beside the server's tokens");
    assertTrue(rate >= 0.995 * 1e3 / aloneMillis, () -> rate + " tokens/s");
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
    assertTrue(switches <= 300, () -> switches + " switches");
    assertTrue(rate >= 0.95 * bestRate(), () -> rate + " of " + bestRate() + " tokens/s");
  }

  @Test
  void trimsDoNotMislead() {
    // The server looks at two drafts only, and both are always right.
    for (int i = 0; i < 100; i++) {
      policy.load(0.001, 0.060, 0);
      policy.answered(new BlockAnswer(2, 2, 2, nanos(5), nanos(70), 0), unsure, 0);
    }
    assertTrue(block(policy) >= 8);
  }

  /** Also where it tries blocks now and then, which do not take what such a price says. */
  @Test
  void obeysAPriceThatDeters() {
    acceptance = 0.95;
    run(policy, 500);
    int blocks = 0;
    for (int i = 0; i < 3000; i++) {
      policy.load(0.120, 0.060, 0);
      int drafts = block(policy);
      if (drafts == 0) {
        policy.pushed(1, nanos(60));
      } else {
        policy.answered(new BlockAnswer(drafts, drafts, drafts, nanos(1), nanos(70), 0), unsure, 0);
        blocks++;
      }
    }
    assertTrue(blocks >= 1 && blocks <= 4, blocks + " blocks");
  }

  @Test
  void nonsenseFromAServerIsIgnored() {
    for (double nonsense : new double[] {Double.NaN, -1, Double.POSITIVE_INFINITY, 1e9}) {
      policy.load(nonsense, 0.060, 0);
      policy.load(0.001, nonsense, 0);
    }
    double rate = run(policy, 500);
    assertTrue(rate >= 0.8 * bestRate(), () -> rate + " of " + bestRate() + " tokens/s");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void endsABlockWhereTheDraftModelIsUnsureUnlessItIsPaddedAnyway(boolean shared) {
    // Tokens of probability 0.9 are right, those of 0.3 are wrong.
    float[] probabilities = {0.9f, 0.9f, 0.9f, 0.3f, 0.9f};
    for (int i = 0; i < 60; i++) {
      policy.drafted(nanos(2), true);
      policy.load(0.005, 0.060, shared ? 4 : 0);
      policy.answered(new BlockAnswer(4, 4, 3, nanos(5), nanos(80), 0), probabilities, 0);
    }
    policy.next(probabilities, 0, 0, MOST);
    int sure = policy.next(new float[] {0.9f, 0.9f, 0.9f, 0.9f, 0.9f}, 0, 5, MOST);
    int unsure = policy.next(probabilities, 0, 5, MOST);
    assertTrue(shared ? sure == 4 : sure > 4, "goes on behind sure ones: " + sure);
    assertEquals(shared, unsure == sure, "what stands behind a wrong one: " + unsure);
  }

  /** What it would take by its own is padded to that. */
  @ParameterizedTest
  @ValueSource(doubles = {0.6, 0.7, 0.8})
  void takesTheLengthThatTheServerNames(double itsAcceptance) {
    acceptance = itsAcceptance;
    linkMillis = 1;
    draftMillis = 0.2;
    aloneMillis = 20;
    priceMillis = 4;
    commonDrafts = 4;
    run(policy, 500);
    assertEquals(4, block(policy));
  }

  @Test
  void severalBlocksGoOverALongLinkAndOneOverAShortOne() {
    OptimalLength wide = new OptimalLength(8);
    draftMillis = 5;
    aloneMillis = 40;
    priceMillis = 0.5;
    linkMillis = 100;
    acceptance = 0.85;
    run(wide, 500);
    block(wide);
    assertEquals(8, wide.window());
    int length = block(wide);
    assertTrue(length >= 1 && length <= 8, "short blocks, so that mistakes are found: " + length);
    linkMillis = 0;
    run(wide, 1000);
    block(wide);
    draftMillis = 0.1;
    aloneMillis = 60;
    priceMillis = 5;
    run(wide, 2000);
    block(wide);
    assertEquals(1, wide.window());
  }

  @Test
  void whatAnEarlierClientLearntDecidesTheFirstBlock() {
    draftMillis = 100;
    aloneMillis = 30; // the server alone is faster than this device drafts
    OptimalLength first = new OptimalLength(1);
    first.load(priceMillis / 1e3, aloneMillis / 1e3, 0);
    assertTrue(first.next(unsure, 0, 0, MOST) > 0, "it has to find that out");
    first.drafted(nanos(draftMillis), true);
    assertEquals(0, first.next(unsure, 0, 1, MOST), "one draft says what it takes");
    DraftExperience learnt = first.experience();
    assertEquals(draftMillis * 1e6, learnt.draftNanos(), 1);
    OptimalLength second = new OptimalLength(1, learnt);
    second.load(priceMillis / 1e3, aloneMillis / 1e3, 0);
    assertEquals(0, second.next(unsure, 0, 0, MOST), "it knows");

    draftMillis = 0.1;
    OptimalLength fast = new OptimalLength(1, new DraftExperience(1e6, 0.95, 1e5));
    aloneMillis = 60;
    fast.load(0.5e-3, aloneMillis / 1e3, 0);
    assertTrue(block(fast) > 0);
    acceptance = 0.1; // but a text of another kind is believed soon
    run(fast, 200);
    assertTrue(fast.experience().acceptance() < 0.3, () -> fast.experience().toString());
  }

  @Test
  void experienceThatNobodyHasIsRefused() {
    for (double wrong : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> new DraftExperience(wrong, 0.5, 1));
      assertThrows(IllegalArgumentException.class, () -> new DraftExperience(1, wrong, 1));
      assertThrows(IllegalArgumentException.class, () -> new DraftExperience(1, 0.5, wrong));
    }
  }

  @Test
  void thresholdSendsWhatTheDraftModelIsSureOf() {
    ThresholdLength threshold = new ThresholdLength(0.5, 1);
    float[] probabilities = {0.9f, 0.6f, 0.4f, 0.9f};
    assertEquals(1, threshold.next(probabilities, 0, 0, 8));
    assertEquals(3, threshold.next(probabilities, 0, 2, 8), "goes on");
    assertEquals(2, threshold.next(probabilities, 0, 3, 8), "without the unsure one");
    assertEquals(1, threshold.next(probabilities, 2, 1, 8), "but one at least");
    assertEquals(2, threshold.next(probabilities, 0, 2, 2), "as many as may be");
    threshold.answered(new BlockAnswer(0, 0, 0, 0, 0, 0), probabilities, 0);
    threshold.answered(new BlockAnswer(0, 0, 0, 0, 0, 0), probabilities, 0);
    assertEquals(0, threshold.next(probabilities, 0, 0, 8), "a server that looks at nothing");
  }

  @Test
  void catchingUpHasToBeWorthIt() {
    assertTrue(policy.worthCatchingUp(nanos(1e6), 1), "nothing is known yet");
    run(policy, 2000);
    double gainMillis = 1000 * (aloneMillis - 1e3 / bestRate());
    assertTrue(gainMillis > 10_000, "drafting pays: " + gainMillis);
    assertTrue(policy.worthCatchingUp(nanos(gainMillis / 2), 1000));
    assertFalse(policy.worthCatchingUp(nanos(2 * gainMillis), 1000), "longer than drafts save");
    assertFalse(policy.worthCatchingUp(nanos(gainMillis / 2), 100), "the text is nearly over");
  }

  @Test
  void whoHasCaughtUpTriesDraftsBesideTheServersTokensFirst() {
    policy.load(priceMillis / 1e3, aloneMillis / 1e3, 0);
    assertTrue(policy.next(unsure, 0, 0, MOST) > 0);
    policy.catchesUp();
    policy.pushed(1, nanos(aloneMillis));
    assertEquals(0, policy.next(unsure, 0, 0, MOST), "nobody knows what a draft takes");
    int tries = 0;
    while (policy.next(unsure, 0, 0, MOST) == 0) {
      assertTrue(policy.wantsTrial());
      policy.drafted(nanos(draftMillis), true);
      policy.tried(true, Float.NaN);
      policy.pushed(1, nanos(aloneMillis));
      tries++;
      assertTrue(tries < 20, "drafts that are right bring it back");
    }
    OptimalLength known = new OptimalLength(1, new DraftExperience(1e6, 0.95, 2e6));
    known.load(priceMillis / 1e3, aloneMillis / 1e3, 0);
    known.catchesUp();
    known.pushed(1, nanos(aloneMillis));
    assertTrue(known.next(unsure, 0, 0, MOST) > 0, "it knows that they pay");
  }

  @Test
  void nobodyCatchesUpForATextThatIsOverBefore() {
    run(policy, 2000);
    assertTrue(policy.worthCatchingUp(nanos(3 * aloneMillis), 20));
    assertFalse(policy.worthCatchingUp(nanos(30 * aloneMillis), 20));
  }

  @Test
  void aBlockThatTriesIsWorthATenthOfTheTime() {
    priceMillis = 2 * aloneMillis; // deters
    run(policy, 5000);
    int drafts = 0;
    int pushed = 0;
    double shareMillis = 0;
    while (drafts == 0) {
      policy.load(priceMillis / 1e3, aloneMillis / 1e3, 0);
      policy.pushed(1, nanos(aloneMillis));
      pushed++;
      assertTrue(pushed <= 1100, "a block is tried now and then");
      drafts = policy.next(unsure, 0, 0, MOST);
      if (drafts == 0) {
        shareMillis += 0.1 * aloneMillis;
        // What is left of the time before this began makes it worth more, nothing less.
        assertTrue(policy.worthCatchingUp(nanos(0.9 * shareMillis), 1000));
        assertFalse(policy.worthCatchingUp(nanos(1100 * 0.1 * aloneMillis), 1000));
      }
    }
    assertTrue(policy.worthCatchingUp(nanos(1e9), 1000), "it was found worth it already");
  }
}
