package org.sled.jni.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** The helper of the distribution tests passes what is right and rejects what is a little wrong. */
class ChiSquareOracleTest {
  private static final int DRAWS = 120_000;
  private static final float[] LOGITS = DistributionCase.LOGITS;

  @Test
  void rightDrawsPass() {
    double[] probabilities = softmax(LOGITS, 1);
    double squares = 0;
    int times = 200;
    for (int i = 0; i < times; i++) {
      double deviation = ChiSquare.deviation(draw(probabilities, i, 5000), probabilities);
      assertTrue(Math.abs(deviation) < ChiSquare.LIMIT, "deviation " + deviation);
      squares += deviation * deviation;
    }
    assertEquals(1, Math.sqrt(squares / times), 0.15, "deviations have the deviation 1");
  }

  @Test
  void anotherTemperatureIsRejected() {
    assertRejected(draw(softmax(LOGITS, 1.03), 1, DRAWS), softmax(LOGITS, 1));
    assertRejected(draw(softmax(LOGITS, 0.97), 1, DRAWS), softmax(LOGITS, 1));
  }

  @Test
  void aTokenTooMuchOrTooLittleIsRejected() {
    double[] right = softmax(LOGITS, 1);
    for (int x = 0; x < right.length; x++) {
      if (right[x] > 0.08) {
        double[] wrong = right.clone();
        wrong[x] *= 1.1;
        for (int y = 0; y < wrong.length; y++) {
          wrong[y] /= 1 + right[x] * 0.1;
        }
        assertRejected(draw(wrong, x, DRAWS), right);
      }
    }
    // A token that a filter should have taken away, once.
    double[] filtered = {0.5, 0.5, 0};
    assertRejected(new long[] {500, 499, 1}, filtered);
    assertEquals(0, ChiSquare.deviation(new long[] {1000, 0}, new double[] {1, 0}));
  }

  /** The noise of another distribution: uniform instead of Gumbel's. */
  @Test
  void uniformNoiseIsRejected() {
    assertRejected(noisy(u -> 5 * u), softmax(LOGITS, 1));
  }

  /** u of 7 bits, so that noises are often equal and the lowest id wins. */
  @Test
  void coarseNoiseIsRejected() {
    assertRejected(
        noisy(u -> -Math.log(-Math.log((Math.floor(u * 128) + 0.5) / 128))), softmax(LOGITS, 1));
  }

  /** The same draws with right noise pass: it is the noise that was rejected. */
  @Test
  void gumbelNoisePasses() {
    double[] probabilities = softmax(LOGITS, 1);
    double deviation = ChiSquare.deviation(noisy(u -> -Math.log(-Math.log(u))), probabilities);
    assertTrue(Math.abs(deviation) < ChiSquare.LIMIT, "deviation " + deviation);
  }

  @Test
  void dependentPairsAreRejected() {
    double[] probabilities = softmax(new float[] {0, 0.5f, 1, -0.5f}, 1);
    Random random = new Random(3);
    for (double dependence : new double[] {0, 0.03}) {
      long[][] pairs = new long[4][4];
      for (int i = 0; i < DRAWS; i++) {
        int first = draw(probabilities, random);
        int second = random.nextDouble() < dependence ? first : draw(probabilities, random);
        pairs[first][second]++;
      }
      double deviation = ChiSquare.deviationOfPairs(pairs, probabilities, probabilities);
      assertEquals(dependence == 0, Math.abs(deviation) < ChiSquare.LIMIT, "is " + deviation);
    }
  }

  private static void assertRejected(long[] counts, double[] probabilities) {
    double deviation = ChiSquare.deviation(counts, probabilities);
    assertTrue(deviation > 1.5 * ChiSquare.LIMIT, () -> "deviation " + deviation);
  }

  private interface Noise {
    double of(double u);
  }

  private static long[] noisy(Noise noise) {
    Random random = new Random(4);
    long[] counts = new long[LOGITS.length];
    for (int i = 0; i < DRAWS; i++) {
      int best = 0;
      double bestScore = Double.NEGATIVE_INFINITY;
      for (int x = 0; x < LOGITS.length; x++) {
        double score = LOGITS[x] + noise.of(1 - random.nextDouble());
        if (score > bestScore) {
          best = x;
          bestScore = score;
        }
      }
      counts[best]++;
    }
    return counts;
  }

  private static double[] softmax(float[] logits, double temperature) {
    Params params = Params.PLAIN.temperature((float) temperature);
    return FilteredSoftmax.of(logits, new int[0], params.value());
  }

  private static long[] draw(double[] probabilities, long seed, int draws) {
    Random random = new Random(seed);
    long[] counts = new long[probabilities.length];
    for (int i = 0; i < draws; i++) {
      counts[draw(probabilities, random)]++;
    }
    return counts;
  }

  private static int draw(double[] probabilities, Random random) {
    double u = random.nextDouble();
    int x = 0;
    while (x < probabilities.length - 1 && u >= probabilities[x]) {
      u -= probabilities[x++];
    }
    return x;
  }
}
