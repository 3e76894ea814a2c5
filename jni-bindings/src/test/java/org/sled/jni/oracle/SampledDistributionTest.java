package org.sled.jni.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sled.jni.Sampler;
import org.sled.jni.SamplingParams;

/** Native sampling has the distribution of the filtered softmax, and its draws are independent. */
class SampledDistributionTest {
  private static final int DRAWS = 120_000;
  private static final float[] LOGITS = DistributionCase.LOGITS;

  /** The logits of the pairs, and what softmax makes of them. */
  private static final float[] FEW = {0, 0.5f, 1, -0.5f};

  private static final double[] FEW_PROBABILITIES =
      FilteredSoftmax.of(FEW, new int[0], Params.PLAIN.value());

  @ParameterizedTest
  @EnumSource
  void theCasesFilterWhatTheyShould(DistributionCase is) {
    double[] probabilities = is.probabilities();
    assertEquals(1, Arrays.stream(probabilities).sum(), 1e-12);
    assertEquals(
        is.left(),
        Arrays.stream(probabilities).filter(p -> p > 0).count(),
        () -> Arrays.toString(probabilities));
  }

  @ParameterizedTest
  @EnumSource
  void overSeeds(DistributionCase is) {
    int[] history = DistributionCase.history(10);
    long[] counts = new long[LOGITS.length];
    for (int i = 0; i < DRAWS; i++) {
      counts[Sampler.choose(LOGITS, history, is.params(i))]++;
    }
    assertRight(counts, is);
  }

  /** Seeds that differ in their upper half only, which is the key's second word. */
  @ParameterizedTest
  @EnumSource(names = {"PLAIN", "EVERYTHING"})
  void overUpperHalvesOfSeeds(DistributionCase is) {
    int[] history = DistributionCase.history(10);
    long[] counts = new long[LOGITS.length];
    for (int i = 0; i < DRAWS; i++) {
      counts[Sampler.choose(LOGITS, history, is.params(((long) i << 32) + 5))]++;
    }
    assertRight(counts, is);
  }

  /** Fewer draws: a history of the position's length goes with each. */
  @ParameterizedTest
  @EnumSource
  void overPositions(DistributionCase is) {
    long[] counts = new long[LOGITS.length];
    for (long seed = 1; seed <= 20; seed++) {
      SamplingParams params = is.params(seed * 0x123456789L);
      for (int position = 4; position < 2004; position++) {
        counts[Sampler.choose(LOGITS, DistributionCase.history(position), params)]++;
      }
    }
    assertRight(counts, is);
  }

  private static void assertRight(long[] counts, DistributionCase is) {
    double deviation = ChiSquare.deviation(counts, is.probabilities());
    assertTrue(
        Math.abs(deviation) < ChiSquare.LIMIT,
        () ->
            is
                + ": deviation "
                + deviation
                + "\ncounts "
                + Arrays.toString(counts)
                + "\nprobabilities "
                + Arrays.toString(is.probabilities()));
  }

  @Test
  void neighbouringPositionsAreIndependent() {
    for (int distance = 1; distance <= 4; distance++) {
      long[][] pairs = new long[4][4];
      for (int seed = 0; seed < DRAWS / 4; seed++) {
        pairs[few(seed, 20)][few(seed, 20 + distance)]++;
      }
      assertIndependent(pairs, "positions " + distance + " apart");
    }
  }

  @Test
  void neighbouringSeedsAreIndependent() {
    for (long distance : new long[] {1, 2, 1L << 31, 1L << 32, 1L << 63}) {
      long[][] pairs = new long[4][4];
      for (int i = 0; i < DRAWS / 4; i++) {
        long seed = 4L * i;
        pairs[few(seed, 20)][few(seed + distance, 20)]++;
      }
      assertIndependent(pairs, "seeds " + distance + " apart");
    }
  }

  /** A seed moved by one must not be the same noise moved by one position. */
  @Test
  void seedsAndPositionsDoNotMakeUpForEachOther() {
    long[][] pairs = new long[4][4];
    for (int i = 0; i < DRAWS / 4; i++) {
      long seed = 4L * i;
      pairs[few(seed + 1, 20)][few(seed, 21)]++;
    }
    assertIndependent(pairs, "seed and position");
  }

  private static int few(long seed, int position) {
    return Sampler.choose(FEW, new int[position], Params.PLAIN.seed(seed).value());
  }

  private static void assertIndependent(long[][] pairs, String what) {
    double deviation = ChiSquare.deviationOfPairs(pairs, FEW_PROBABILITIES, FEW_PROBABILITIES);
    assertTrue(
        Math.abs(deviation) < ChiSquare.LIMIT,
        () -> what + ": deviation " + deviation + " of " + Arrays.deepToString(pairs));
  }
}
