package org.sled.jni.oracle;

import static java.lang.Float.NEGATIVE_INFINITY;
import static java.lang.Float.NaN;
import static java.lang.Float.POSITIVE_INFINITY;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sled.jni.SamplingParams;
import org.sled.jni.SamplingParams.TokenBias;

/** The twin against cases worked out by hand. */
class CoupledSamplingTest {
  private static final int[] NO_HISTORY = {};
  private static final int NO_CHOICE = CoupledSampling.NO_CHOICE;
  private static final Params PLAIN = Params.PLAIN;
  private static final Params GREEDY = PLAIN.temperature(0);

  // Penalties and bias

  @Test
  void penaltiesByHand() {
    float[] logits = {2, -2, 0, 5};
    int[] history = {0, 0, 1, 2, 9};
    Params params = PLAIN.penalties(2f, 0.5f, 0.25f, -1);
    // 2 / 2 - (2 * 0.25 + 0.5);  -2 * 2 - (0.25 + 0.5);  0 * 2 - 0.75;  not there
    assertArrayEquals(new float[] {0, -4.75f, -0.75f, 5}, adjusted(logits, history, params));
    Params lastTwo = PLAIN.penalties(2f, 0.5f, 0.25f, 2);
    assertArrayEquals(new float[] {2, -2, -0.75f, 5}, adjusted(logits, history, lastTwo));
    Params lastFour = PLAIN.penalties(2f, 0.5f, 0.25f, 4);
    // one 0 is left: 2 / 2 - 0.75
    assertArrayEquals(new float[] {0.25f, -4.75f, -0.75f, 5}, adjusted(logits, history, lastFour));
    Params more = PLAIN.penalties(2f, 0.5f, 0.25f, 64);
    assertArrayEquals(new float[] {0, -4.75f, -0.75f, 5}, adjusted(logits, history, more));
    Params none = PLAIN.penalties(2f, 0.5f, 0.25f, 0);
    assertArrayEquals(logits, adjusted(logits, history, none));
  }

  @Test
  void penaltiesAreFloats() {
    // 1 - (3 * 0.1 + 0.7): in float 3 * 0.1f is 0.3 rounded up, and the sum is above 1.
    float third = 3f * 0.1f;
    float all = third + 0.7f;
    assertArrayEquals(
        new float[] {1f - all},
        adjusted(new float[] {1}, new int[] {0, 0, 0}, PLAIN.penalties(1f, 0.7f, 0.1f, 3)));
    assertArrayEquals(
        new float[] {1f / 3f, -1f * 3f},
        adjusted(new float[] {1, -1}, new int[] {0, 1}, PLAIN.penalties(3f, 0, 0, 3)));
  }

  @Test
  void penaltiesOfInfinities() {
    float[] logits = {POSITIVE_INFINITY, NEGATIVE_INFINITY, NaN, Float.MAX_VALUE, -Float.MAX_VALUE};
    int[] all = {0, 1, 2, 3, 4};
    assertArrayEquals(
        new float[] {
          POSITIVE_INFINITY,
          NEGATIVE_INFINITY,
          NEGATIVE_INFINITY,
          Float.MAX_VALUE / 2,
          NEGATIVE_INFINITY
        },
        adjusted(logits, all, PLAIN.penalties(2, 1, 1, -1)));
    // Dividing by less than 1 can take a finite logit to plus infinity.
    assertEquals(
        3,
        CoupledSampling.choose(
            new float[] {0, 1, 2, Float.MAX_VALUE},
            new int[] {3},
            PLAIN.penalties(0.5f, 0, 0, 1).value()));
  }

  @Test
  void biasIsAddedEntryByEntryInFloat() {
    float[] logits = {1, 0x1p24f};
    assertArrayEquals(
        new float[] {1, 0x1p24f - 1},
        adjusted(logits, NO_HISTORY, PLAIN.bias(new TokenBias(1, 1), new TokenBias(1, -1))));
    assertArrayEquals(
        new float[] {1, 0x1p24f},
        adjusted(logits, NO_HISTORY, PLAIN.bias(new TokenBias(1, -1), new TokenBias(1, 1))));
    assertArrayEquals(
        new float[] {3, 0x1p24f},
        adjusted(logits, NO_HISTORY, PLAIN.bias(new TokenBias(1, 1), new TokenBias(0, 2))));
  }

  @Test
  void penaltiesComeBeforeBias() {
    // 1 / 2 + 1, not (1 + 1) / 2
    assertArrayEquals(
        new float[] {1.5f},
        adjusted(
            new float[] {1}, new int[] {0}, PLAIN.penalties(2, 0, 0, 1).bias(new TokenBias(0, 1))));
  }

  @Test
  void theArgumentsStayAsTheyAre() {
    float[] logits = {1, NaN};
    CoupledSampling.choose(
        logits, new int[] {0}, PLAIN.penalties(2, 1, 1, -1).bias(new TokenBias(1, 1)).value());
    assertArrayEquals(new float[] {1, NaN}, logits);
  }

  // No choice, infinities, greedy

  @Test
  void aBrokenModelHasNoChoice() {
    for (Params params : List.of(PLAIN, GREEDY, PLAIN.topK(3).topP(0.5f).minP(0.1f))) {
      assertEquals(NO_CHOICE, choose(params, NaN));
      assertEquals(NO_CHOICE, choose(params, NEGATIVE_INFINITY));
      assertEquals(NO_CHOICE, choose(params, NaN, NEGATIVE_INFINITY, NaN, NaN));
      assertEquals(NO_CHOICE, choose(params));
    }
    // -MAX * 2 is minus infinity, and no bias brings it back.
    assertEquals(
        NO_CHOICE,
        CoupledSampling.choose(
            new float[] {-Float.MAX_VALUE},
            new int[] {0},
            GREEDY.penalties(2, 0, 0, 1).bias(new TokenBias(0, 1000)).value()));
  }

  @Test
  void greedyTakesTheLowestOfTheLargest() {
    assertEquals(1, choose(GREEDY, 1, 3, 2, 3));
    assertEquals(0, choose(GREEDY, 0, 0, 0));
    assertEquals(2, choose(GREEDY, NaN, -5, -4));
    assertEquals(0, choose(GREEDY, -0.0f, 0.0f), "zeros are equal");
    assertEquals(0, choose(GREEDY, 0.0f, -0.0f), "zeros are equal");
    assertEquals(2, choose(GREEDY, 0, -1, Float.MIN_VALUE));
    assertEquals(0, choose(PLAIN.temperature(-0.0f), 2, 1), "-0 is 0");
  }

  @Test
  void greedyLeavesTheFiltersOut() {
    assertEquals(1, choose(GREEDY.topK(1).topP(0f).minP(1f), 1, 3, 2, 3));
    assertEquals(1, choose(GREEDY.bias(new TokenBias(1, 10)), 1, 0, 2));
  }

  @Test
  void plusInfinityWinsAtAnyTemperature() {
    for (long seed = 0; seed < 100; seed++) {
      Params params = PLAIN.seed(seed).temperature(100);
      assertEquals(1, choose(params, 0, POSITIVE_INFINITY, 3, POSITIVE_INFINITY, NaN));
    }
  }

  @Test
  void oneTokenIsChosen() {
    for (long seed = 0; seed < 50; seed++) {
      Params params = PLAIN.seed(seed);
      assertEquals(0, choose(params, -7f));
      assertEquals(0, choose(params.topK(1).topP(0).minP(1), 1e30f));
      assertEquals(2, choose(params, NaN, NEGATIVE_INFINITY, -1e30f, NaN));
    }
  }

  // Top-k, top-p, min-p

  @Test
  void topKByHand() {
    float[] logits = {1, 3, NaN, 2, 3, NEGATIVE_INFINITY};
    assertKept(logits, PLAIN, 1, 4, 3, 0);
    assertKept(logits, PLAIN.topK(1), 1);
    assertKept(logits, PLAIN.topK(2), 1, 4);
    assertKept(logits, PLAIN.topK(3), 1, 4, 3);
    assertKept(logits, PLAIN.topK(4), 1, 4, 3, 0);
    assertKept(logits, PLAIN.topK(5), 1, 4, 3, 0);
    assertKept(logits, PLAIN.topK(Integer.MAX_VALUE), 1, 4, 3, 0);
    assertKept(new float[] {0.0f, -0.0f, 0.0f, -0.0f}, PLAIN.topK(2), 0, 1);
    assertKept(new float[] {-0.0f, 0.0f, -1}, PLAIN.topK(2), 0, 1);
  }

  @Test
  void topPOfEqualLogits() {
    float[] logits = {5, 5, 5, 5};
    assertKept(logits, PLAIN.topP(0f), 0);
    assertKept(logits, PLAIN.topP(Float.MIN_VALUE), 0);
    assertKept(logits, PLAIN.topP(0.25f), 0);
    assertKept(logits, PLAIN.topP(Math.nextUp(0.25f)), 0, 1);
    assertKept(logits, PLAIN.topP(Math.nextDown(0.5f)), 0, 1);
    assertKept(logits, PLAIN.topP(0.5f), 0, 1);
    assertKept(logits, PLAIN.topP(Math.nextUp(0.5f)), 0, 1, 2);
    assertKept(logits, PLAIN.topP(Math.nextDown(1f)), 0, 1, 2, 3);
    assertKept(logits, PLAIN.topP(1f), 0, 1, 2, 3);
  }

  @Test
  void topPByHand() {
    // Shares 0.6652, 0.2447, 0.0900, in the order 2, 0, 1.
    float[] logits = {1, 0, 2};
    assertKept(logits, PLAIN.topP(0.665f), 2);
    assertKept(logits, PLAIN.topP(0.666f), 2, 0);
    assertKept(logits, PLAIN.topP(0.909f), 2, 0);
    assertKept(logits, PLAIN.topP(0.911f), 2, 0, 1);
    // The temperature has no part in it.
    assertKept(logits, PLAIN.topP(0.665f).temperature(100), 2);
  }

  @Test
  void weightsRound() {
    assertEquals(1L << 40, CoupledSampling.weight(3, 3));
    assertEquals(404_487_723_188L, CoupledSampling.weight(0, 1)); // 2^40 / e = 404487723187.74
    assertEquals(2, CoupledSampling.weight(-27, 0)); // 2.07
    assertEquals(1, CoupledSampling.weight(-28, 0)); // 0.76
    assertEquals(0, CoupledSampling.weight(-29, 0)); // 0.28
    assertEquals(0, CoupledSampling.weight(-Float.MAX_VALUE, Float.MAX_VALUE));
    // A weight of 0 never helps a sum: such tokens stay only with top-p off.
    float[] logits = {-29, 0, -1e30f};
    assertKept(logits, PLAIN.topP(Math.nextDown(1f)), 1);
    assertKept(logits, PLAIN.topP(1f), 1, 0, 2);
  }

  @Test
  void minPByHand() {
    // Ln(0.5) = -0.69314718056, between two floats.
    float below = -(float) Math.log(2);
    float above = Math.nextUp(below);
    assertTrue(above > -Math.log(2) && below < -Math.log(2));
    float[] logits = {below, 0, above, -1};
    assertKept(logits, PLAIN.minP(0.5f), 1, 2);
    assertKept(logits, PLAIN.minP(Math.nextDown(0.5f)), 1, 2, 0);
    assertKept(logits, PLAIN.minP(0f), 1, 2, 0, 3);
    assertKept(logits, PLAIN.minP(1e-30f), 1, 2, 0, 3);
    assertKept(logits, PLAIN.minP(1f), 1);
    // Ln(1e-30) = -69.08
    float[] far = {-69, 0, -69.1f, NEGATIVE_INFINITY};
    assertKept(far, PLAIN.minP(1e-30f), 1, 0);
    assertKept(far, PLAIN.minP(Float.MIN_VALUE), 1, 0, 2);
    assertKept(new float[] {4, 5, 5}, PLAIN.minP(1f), 1, 2);
    assertKept(logits, PLAIN.minP(0.5f).temperature(100), 1, 2);
  }

  @Test
  void topPSeesWhatTopKLeft() {
    float[] logits = {5, 5, 5, 5};
    assertKept(logits, PLAIN.topP(0.5f), 0, 1);
    assertKept(logits, PLAIN.topK(2).topP(0.5f), 0);
    assertKept(logits, PLAIN.topK(2).topP(0.75f), 0, 1);
  }

  @Test
  void topPDoesNotSeeMinP() {
    // Weights 1, 1, and six of 0.3679: S = 4.2073. 0.4 S = 1.683: two tokens; of the 2 that min-p
    // would have left, 0.4 would be one.
    float[] logits = {0, 0, -1, -1, -1, -1, -1, -1};
    assertKept(logits, PLAIN.topP(0.4f).minP(0.5f), 0, 1);
    // 0.7 S = 2.945: 1 + 1 + 0.3679 * 3; then min-p takes the three away.
    assertKept(logits, PLAIN.topP(0.7f), 0, 1, 2, 3, 4);
    assertKept(logits, PLAIN.topP(0.7f).minP(0.5f), 0, 1);
  }

  @Test
  void theBiasComesBeforeTheFilters() {
    float[] logits = {3, 2, 1};
    for (long seed = 0; seed < 50; seed++) {
      Params params = PLAIN.seed(seed).topK(1).bias(new TokenBias(2, 5));
      assertEquals(2, choose(params, logits));
    }
  }

  // Noise

  @Test
  void uniformNumbersAreNeverZeroOrOne() {
    assertEquals(0x1p-53, CoupledSampling.uniform(0L));
    assertEquals(1 - 0x1p-53, CoupledSampling.uniform((1L << 52) - 1));
    assertEquals(0.5 + 0x1p-53, CoupledSampling.uniform(1L << 51));
    assertTrue(CoupledSampling.uniform((1L << 52) - 1) < 1);
    Random random = new Random(1);
    double sum = 0;
    int draws = 100_000;
    for (int i = 0; i < draws; i++) {
      double u =
          CoupledSampling.uniform(random.nextLong(), random.nextInt(), random.nextInt() >>> 1);
      assertTrue(u > 0 && u < 1);
      sum += u;
    }
    assertEquals(0.5, sum / draws, 0.005);
  }

  @Test
  void noiseIsFiniteAtTheEnds() {
    for (double u : new double[] {0x1p-53, 1 - 0x1p-53}) {
      double g = -SpecMath.ln(-SpecMath.ln(u));
      assertEquals(-StrictMath.log(-StrictMath.log(u)), g, 1e-12);
    }
  }

  @Test
  void uByHand() {
    // Counter and key all zero is a published vector: 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
    int[] halves = {0xe8d5, 0x6627, 0xc58d, 0xe169, 0xac4c, 0xbc57, 0xdbd8, 0x9b00};
    for (int x = 0; x < halves.length; x++) {
      assertEquals(halves[x], CoupledSampling.bits(0, 0, x) >>> 36);
      assertEquals(halves[x], (int) (CoupledSampling.uniform(0, 0, x) * 0x1p16));
    }
    // Token 13 of position 7: half word 5 of the counter (1, 7, 0, 0), the upper one of word 2.
    int[] key = {0x89abcdef, 0x01234567};
    int[] first = Philox.words(new int[] {1, 7, 0, 0}, key);
    int[] second = Philox.words(new int[] {13, 7, 1, 0}, key);
    String text = String.format("%08x%08x%08x", first[2], second[1], second[0]);
    // Four digits of the first word, then nine of the other two: 52 bits.
    long v = Long.parseLong(text.substring(0, 4) + text.substring(8, 17), 16);
    long seed = 0x0123456789abcdefL;
    assertEquals(v, CoupledSampling.bits(seed, 7, 13));
    assertEquals((2.0 * v + 1) * 0x1p-53, CoupledSampling.uniform(seed, 7, 13));
  }

  @Test
  void everyPartOfTheInputCounts() {
    Set<Double> values = new HashSet<>();
    for (long seed : new long[] {0, 1, 1L << 32, -1, Long.MIN_VALUE}) {
      for (int position : new int[] {0, 1, 4, 100_000}) {
        for (int token : new int[] {0, 1, 2, 3, 7, 8, 200_000}) {
          values.add(CoupledSampling.uniform(seed, position, token));
        }
      }
    }
    assertEquals(5 * 4 * 7, values.size());
  }

  @Test
  void theLargestScoreWins() {
    float[] logits = {0.5f, -1, 2, 0.25f, 1};
    int[] history = {4, 4, 4};
    Random random = new Random(2);
    Set<Integer> seen = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      long seed = random.nextLong();
      int best = 0;
      double bestScore = Double.NEGATIVE_INFINITY;
      for (int x = 0; x < logits.length; x++) {
        double u = CoupledSampling.uniform(seed, 3, x);
        double score = logits[x] / (double) 0.7f - Math.log(-Math.log(u));
        if (score > bestScore) {
          best = x;
          bestScore = score;
        }
      }
      Params params = PLAIN.temperature(0.7f).seed(seed);
      assertEquals(best, CoupledSampling.choose(logits, history, params.value()));
      seen.add(best);
    }
    assertEquals(5, seen.size());
  }

  @Test
  void equalScoresGiveTheLowestId() {
    // At 1e30 the noise is lost in rounding.
    for (long seed = 0; seed < 50; seed++) {
      assertEquals(1, choose(PLAIN.seed(seed), 1, 1e30f, 1e30f, 1e30f));
      assertEquals(0, choose(PLAIN.seed(seed).temperature(1e-30f), 3, 3, -2));
    }
  }

  @Test
  void extremeTemperatures() {
    for (long seed = 0; seed < 100; seed++) {
      Params cold = PLAIN.temperature(Float.MIN_VALUE).seed(seed);
      assertEquals(1, choose(cold, Float.MAX_VALUE / 2, Float.MAX_VALUE, -Float.MAX_VALUE));
      assertEquals(1, choose(PLAIN.temperature(1e-30f).seed(seed), 1, Math.nextUp(1f), 0));
      // So hot that only the noise counts.
      float[] logits = {10, 20, 30, 40};
      int loudest = 0;
      for (int x = 1; x < logits.length; x++) {
        if (CoupledSampling.noise(seed, 0, x) > CoupledSampling.noise(seed, 0, loudest)) {
          loudest = x;
        }
      }
      assertEquals(loudest, choose(PLAIN.temperature(1e30f).seed(seed), logits));
    }
  }

  private static float[] adjusted(float[] logits, int[] history, Params params) {
    return CoupledSampling.adjusted(logits, history, params.value());
  }

  private static int choose(Params params, float... logits) {
    return CoupledSampling.choose(logits, NO_HISTORY, params.value());
  }

  private static void assertKept(float[] logits, Params params, Integer... ids) {
    SamplingParams value = params.value();
    float[] adjusted = CoupledSampling.adjusted(logits, NO_HISTORY, value);
    assertEquals(List.of(ids), CoupledSampling.kept(adjusted, value));
  }
}
