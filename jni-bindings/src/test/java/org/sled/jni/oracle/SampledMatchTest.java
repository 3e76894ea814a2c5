package org.sled.jni.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.sled.jni.Sampler;

/**
 * How often two models with the same seed choose the same token. With p and q their distributions:
 * at least (1 - TV) / (1 + TV) and at most 1 - TV; exactly the sum over i of 1 / (sum over j of
 * max(p_j / p_i, q_j / q_i)).
 */
class SampledMatchTest {
  private static final int DRAWS = 50_000;

  /** Standard errors that a rate may be off. */
  private static final double ERRORS = 4;

  private static final float[] MODEL = gaussian(20, 2, 1);
  private static final int[] HISTORY = {3, 1, 4, 1, 5, 9, 2, 6};
  private static final Params PLAIN = Params.PLAIN;

  @Test
  void closeModels() {
    check(MODEL, near(MODEL, 0.1f), PLAIN);
    check(MODEL, near(MODEL, 0.5f), PLAIN);
  }

  @Test
  void farModels() {
    check(MODEL, gaussian(20, 2, 2), PLAIN);
    check(MODEL, new float[20], PLAIN);
  }

  @Test
  void modelsWithHardlyACommonToken() {
    float[] other = new float[20];
    float[] first = new float[20];
    for (int x = 0; x < 20; x++) {
      first[x] = x < 10 ? 0 : -5;
      other[x] = x < 10 ? -5 : 0;
    }
    check(first, other, PLAIN);
  }

  @Test
  void filteredModels() {
    float[] draft = near(MODEL, 0.5f);
    check(MODEL, draft, PLAIN.temperature(0.7f));
    check(MODEL, draft, PLAIN.topK(4));
    check(MODEL, draft, PLAIN.temperature(1.5f).topP(0.8f));
    check(MODEL, draft, PLAIN.minP(0.1f).penalties(1.2f, 0.3f, 0.3f, -1));
  }

  @Test
  void theSameModelAlwaysMatches() {
    for (Params params : new Params[] {PLAIN, PLAIN.temperature(0.7f).topK(5).topP(0.9f)}) {
      assertEquals(1, rate(MODEL, MODEL.clone(), params));
      // Another model with the same distribution: all logits higher by 1, without rounding.
      float[] coarse = near(new float[20], 1);
      float[] higher = new float[20];
      for (int x = 0; x < 20; x++) {
        coarse[x] = Math.round(coarse[x] * 256) / 256f;
        higher[x] = coarse[x] + 1;
      }
      assertEquals(1, rate(coarse, higher, params));
    }
  }

  @Test
  void modelsWithoutACommonTokenNeverMatch() {
    float no = Float.NEGATIVE_INFINITY;
    assertEquals(0, rate(new float[] {0, no, 1, no}, new float[] {no, 1, no, 1}, PLAIN));
  }

  private static void check(float[] target, float[] draft, Params params) {
    double[] p = FilteredSoftmax.of(target, HISTORY, params.value());
    double[] q = FilteredSoftmax.of(draft, HISTORY, params.value());
    double distance = 0;
    double independent = 0;
    double exact = 0;
    for (int i = 0; i < p.length; i++) {
      distance += Math.abs(p[i] - q[i]) / 2;
      independent += p[i] * q[i];
      exact += common(p, q, i);
    }
    double rate = rate(target, draft, params);
    double error = ERRORS * Math.sqrt(exact * (1 - exact) / DRAWS);
    String text =
        "rate " + rate + ", exact " + exact + ", TV " + distance + ", independent " + independent;
    assertTrue(rate >= (1 - distance) / (1 + distance) - error, text);
    assertTrue(rate <= 1 - distance + error, text);
    assertTrue(rate > independent + error, text);
    assertEquals(exact, rate, error, text);
    // What makes the test sharp: independent draws would not pass.
    assertTrue(independent < (1 - distance) / (1 + distance) - error, text);
  }

  /** The chance that both choose i. */
  private static double common(double[] p, double[] q, int i) {
    if (p[i] == 0 || q[i] == 0) {
      return 0;
    }
    double sum = 0;
    for (int j = 0; j < p.length; j++) {
      sum += Math.max(p[j] / p[i], q[j] / q[i]);
    }
    return 1 / sum;
  }

  private static double rate(float[] target, float[] draft, Params params) {
    int matches = 0;
    for (int i = 0; i < DRAWS; i++) {
      Params seeded = params.seed(0x9876543210L + i);
      int first = Sampler.choose(target, HISTORY, seeded.value());
      int second = Sampler.choose(draft, HISTORY, seeded.value());
      matches += first == second ? 1 : 0;
    }
    return matches / (double) DRAWS;
  }

  private static float[] gaussian(int n, float scale, long seed) {
    Random random = new Random(seed);
    float[] logits = new float[n];
    for (int x = 0; x < n; x++) {
      logits[x] = scale * (float) random.nextGaussian();
    }
    return logits;
  }

  private static float[] near(float[] model, float distance) {
    float[] other = gaussian(model.length, distance, 3);
    for (int x = 0; x < other.length; x++) {
      other[x] += model[x];
    }
    return other;
  }
}
