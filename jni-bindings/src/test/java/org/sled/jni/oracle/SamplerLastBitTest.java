package org.sled.jni.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.sled.jni.SamplingParams;

/**
 * Input made so that one unit in the last place, of a noise, a quotient, a weight or a logarithm,
 * changes the choice. Random input would never see such a difference.
 */
class SamplerLastBitTest {
  private static final int[] NO_HISTORY = {};

  private final Random random = new Random(7);

  /** Two tokens of nearly the same noise, brought to the same score and to one ulp beside it. */
  @Test
  void noise() {
    int n = 300;
    int below = 0;
    int equal = 0;
    int above = 0;
    for (int round = 0; round < 150; round++) {
      long seed = random.nextLong();
      int[] history = new int[random.nextInt(2000)];
      double[] g =
          IntStream.range(0, n)
              .mapToDouble(x -> CoupledSampling.noise(seed, history.length, x))
              .toArray();
      int[] pair = closestPair(g);
      int low = pair[0];
      int high = pair[1];
      double gap = g[low] - g[high];
      float[] logits = new float[n];
      Arrays.fill(logits, Float.NEGATIVE_INFINITY);
      logits[low] = 0;
      boolean[] seen = new boolean[3];
      for (int tries = 0; tries < 30_000; tries++) {
        float temperature = 0.5f + random.nextFloat();
        logits[high] = (float) (gap * temperature);
        SamplingParams params = Params.PLAIN.temperature(temperature).seed(seed).value();
        int ulps =
            ulps(
                CoupledSampling.score(logits[high], high, history.length, params)
                    - CoupledSampling.score(0, low, history.length, params),
                g[low]);
        if (Math.abs(ulps) <= 1 && !seen[ulps + 1]) {
          seen[ulps + 1] = true;
          int token = Twins.choose(logits, history, params, "scores " + ulps + " ulps apart");
          assertEquals(ulps > 0 ? high : low, token);
        }
      }
      below += seen[0] ? 1 : 0;
      equal += seen[1] ? 1 : 0;
      above += seen[2] ? 1 : 0;
    }
    assertEnough(40, below, "below");
    assertEnough(40, equal, "equal");
    assertEnough(40, above, "above");
  }

  private static int[] closestPair(double[] g) {
    int[] order =
        IntStream.range(0, g.length)
            .boxed()
            .sorted(Comparator.comparingDouble(x -> g[x]))
            .mapToInt(Integer::intValue)
            .toArray();
    int best = 1;
    for (int i = 2; i < order.length; i++) {
      if (g[order[i]] - g[order[i - 1]] < g[order[best]] - g[order[best - 1]]) {
        best = i;
      }
    }
    return new int[] {
      Math.min(order[best - 1], order[best]), Math.max(order[best - 1], order[best])
    };
  }

  /** Quotients so large that the noise is rounded away but for its upper bits. */
  @Test
  void quotientsAndSums() {
    int found = 0;
    for (int round = 0; round < 200_000; round++) {
      long seed = random.nextLong();
      double gap = CoupledSampling.noise(seed, 0, 1) - CoupledSampling.noise(seed, 0, 0);
      float first = 4 + 3.9f * random.nextFloat();
      float second = first;
      int steps = 1 + random.nextInt(20);
      for (int i = 0; i < steps; i++) {
        second = gap > 0 ? Math.nextDown(second) : Math.nextUp(second);
      }
      // first / T - second / T = gap
      float temperature = (float) (((double) first - (double) second) / gap);
      SamplingParams params = Params.PLAIN.temperature(temperature).seed(seed).value();
      double scoreFirst = CoupledSampling.score(first, 0, 0, params);
      double scoreSecond = CoupledSampling.score(second, 1, 0, params);
      if (Math.abs(ulps(scoreSecond - scoreFirst, scoreFirst)) <= 1) {
        found++;
        int token = Twins.choose(new float[] {first, second}, NO_HISTORY, params, "close scores");
        assertEquals(scoreSecond > scoreFirst ? 1 : 0, token);
      }
    }
    assertEnough(1000, found, "close scores");
  }

  /** Weights that add up exactly to what top-p needs, and to one less. */
  @Test
  void topPSums() {
    int exact = 0;
    int oneLess = 0;
    float second = 0;
    for (int round = 0; round < 60_000; round++) {
      if (round % 600 == 0) {
        second = delicate();
      }
      float p = 0.55f + 0.4f * random.nextFloat();
      long two = CoupledSampling.weight(0, 0) + CoupledSampling.weight(second, 0);
      // The third and the fourth bring the sum to where p of it is the first two.
      double rest = two / (double) p - two + (random.nextInt(3) - 1);
      float third = (float) Math.log(rest * 0x1p-40);
      long left = Math.round(rest) - CoupledSampling.weight(Math.min(third, 0), 0);
      if (third >= second || left < 0) {
        third = Math.nextDown(third);
        left = Math.round(rest) - CoupledSampling.weight(Math.min(third, 0), 0);
      }
      if (third >= second || left < 1) {
        continue;
      }
      float fourth = (float) Math.log(left * 0x1p-40);
      float[] logits = {third, 0, fourth, second};
      long sum = two + CoupledSampling.weight(third, 0) + CoupledSampling.weight(fourth, 0);
      long need = (long) (p * (double) sum);
      if (need != two && need != two + 1) {
        continue;
      }
      exact += need == two ? 1 : 0;
      oneLess += need == two + 1 ? 1 : 0;
      // Hot, and with a noise that prefers the third token: it is chosen if it is kept.
      Params params = Params.PLAIN.temperature(1e6f).topP(p);
      long seed = seedFor(0, 4);
      int token = Twins.choose(logits, NO_HISTORY, params.seed(seed).value(), "need " + need);
      assertEquals(need == two + 1, token == 0);
    }
    assertEnough(300, exact, "exact");
    assertEnough(300, oneLess, "one less");
  }

  /** A logit whose weight is nearly a half before it is rounded: an ulp of Exp decides. */
  private float delicate() {
    float best = 0;
    double distance = 1;
    for (int i = 0; i < 5000; i++) {
      float logit = -0.1f - 2 * random.nextFloat();
      double weight = 0x1p40 * SpecMath.exp(logit);
      if (Math.abs(weight - Math.floor(weight) - 0.5) < distance) {
        distance = Math.abs(weight - Math.floor(weight) - 0.5);
        best = logit;
      }
    }
    return best;
  }

  /** A seed with which this token's noise is the largest, by far. */
  private long seedFor(int token, int n) {
    while (true) {
      long seed = random.nextLong();
      double own = CoupledSampling.noise(seed, 0, token);
      boolean largest = true;
      for (int x = 0; x < n; x++) {
        largest &= x == token || CoupledSampling.noise(seed, 0, x) < own - 0.1;
      }
      if (largest) {
        return seed;
      }
    }
  }

  /** Logits whose difference is exactly Ln(min-p), and one ulp less. */
  @Test
  void minPThreshold() {
    int exact = 0;
    int oneLess = 0;
    for (int round = 0; round < 200_000; round++) {
      float minP = Math.scalb(1 + random.nextFloat(), random.nextInt(-12, 0));
      if (minP >= 1) {
        continue;
      }
      double least = SpecMath.ln(minP);
      double target = random.nextBoolean() ? least : Math.nextDown(least);
      // other - most = target, most a little above 0: the difference has all bits of a double.
      float other = (float) target;
      if (other <= target) {
        other = Math.nextUp(other);
      }
      float most = (float) (other - target);
      if ((double) other - (double) most != target || most <= other) {
        continue;
      }
      boolean kept = target == least;
      exact += kept ? 1 : 0;
      oneLess += kept ? 0 : 1;
      Params params = Params.PLAIN.temperature(1e6f).minP(minP).seed(seedFor(1, 2));
      int token = Twins.choose(new float[] {most, other}, NO_HISTORY, params.value(), "min-p");
      assertEquals(kept ? 1 : 0, token);
    }
    assertEnough(300, exact, "exact");
    assertEnough(300, oneLess, "one less");
  }

  /**
   * Any token, raised until it just wins, and a step less. The token is one whose low bits of v are
   * nearly all ones or nearly all zero, or whose high ones are: where bounds on the noise, which
   * spare drawing it, are as tight as they get.
   */
  @Test
  void barelyTheLargestScore() {
    for (int round = 0; round < 200; round++) {
      int n = new int[] {2, 7, 8, 9, 64, 100, 1000}[random.nextInt(7)];
      long seed = random.nextLong();
      int[] history = new int[random.nextInt(100)];
      float[] logits =
          (random.nextBoolean() ? LogitShape.GAUSSIAN : LogitShape.FLAT).row(n, random.nextLong());
      Params params = Params.PLAIN.temperature(0.5f + random.nextFloat()).seed(seed);
      if (round % 3 == 1) {
        params = params.topK(1 + n / 2).minP(1e-4f);
      } else if (round % 3 == 2) {
        params = params.topP(0.99f);
      }
      long[] v =
          IntStream.range(0, n)
              .mapToLong(x -> CoupledSampling.bits(seed, history.length, x))
              .toArray();
      long lowMask = (1L << 36) - 1;
      barely(logits, history, params.value(), first(n, x -> -(v[x] & lowMask)));
      barely(logits, history, params.value(), first(n, x -> v[x] & lowMask));
      barely(logits, history, params.value(), first(n, x -> -v[x]));
      barely(logits, history, params.value(), first(n, x -> v[x]));
      barely(logits, history, params.value(), random.nextInt(n));
    }
  }

  /**
   * The same with the tokens, of very many, whose low bits are the nearest to all ones and to all
   * zero; and with logits so large that floats would not do.
   */
  @Test
  void barelyTheLargestScoreAtTheTightestBounds() {
    int count = 400_000;
    long lowMask = (1L << 36) - 1;
    long[] low =
        IntStream.range(0, count)
            .mapToLong(seed -> CoupledSampling.bits(seed, 5, 11) & lowMask)
            .toArray();
    int[] order =
        IntStream.range(0, count)
            .boxed()
            .sorted(Comparator.comparingLong(seed -> low[seed]))
            .mapToInt(Integer::intValue)
            .toArray();
    for (int i = 0; i < 50; i++) {
      for (int seed : new int[] {order[i], order[count - 1 - i]}) {
        float[] logits = LogitShape.GAUSSIAN.row(100, seed);
        if (i % 2 == 1) {
          for (int x = 0; x < logits.length; x++) {
            logits[x] += 1000;
          }
        }
        Params params = Params.PLAIN.temperature(0.5f + random.nextFloat()).seed(seed);
        float raised = barely(logits, new int[5], params.value(), 11);
        // Again with the raised logit near 0, where floats lie closely.
        for (int x = 0; x < logits.length; x++) {
          logits[x] -= raised;
        }
        barely(logits, new int[5], params.value(), 11);
      }
    }
  }

  private static int first(int n, IntToLongFunction key) {
    return IntStream.range(0, n).boxed().min(Comparator.comparingLong(key::applyAsLong)).get();
  }

  /** Returns the logit with which the token just wins. */
  private static float barely(float[] logits, int[] history, SamplingParams params, int token) {
    float[] changed = logits.clone();
    float low = logits[0] - 100;
    float high = logits[0] + 100;
    while (Math.nextUp(low) < high) {
      float middle = (low + high) / 2;
      middle = middle <= low ? Math.nextUp(low) : middle >= high ? Math.nextDown(high) : middle;
      changed[token] = middle;
      if (CoupledSampling.choose(changed, history, params) == token) {
        high = middle;
      } else {
        low = middle;
      }
    }
    for (float logit : new float[] {low, high}) {
      changed[token] = logit;
      int choice = Twins.choose(changed, history, params, "token " + token + " is raised");
      assertEquals(logit == high, choice == token);
    }
    return high;
  }

  /** Tokens with all of the upper bits: noises from 11 to 36, which make up for any logit. */
  @Test
  void loudTokens() {
    int found = 0;
    for (int round = 0; found < 40; round++) {
      long seed = round;
      for (int x = 0; x < 2048; x += 8) {
        int[] key = {(int) seed, (int) (seed >>> 32)};
        int[] words = Philox.words(new int[] {x / 8, 0, 0, 0}, key);
        for (int i = 0; i < 8; i++) {
          if ((words[i / 2] >>> (16 * (i % 2)) & 0xffff) == 0xffff) {
            found++;
            float[] logits = LogitShape.FLAT.row(2048, round);
            logits[x + i] = 0;
            int[] history = {};
            SamplingParams params = Params.PLAIN.seed(seed).value();
            assertTrue(CoupledSampling.noise(seed, 0, x + i) > 11);
            barely(logits, history, params, x + i);
            Twins.choose(logits, history, params, "loud " + (x + i));
          }
        }
      }
    }
  }

  private static int ulps(double difference, double of) {
    double ulps = difference / Math.ulp(of);
    return ulps > 100 ? 100 : ulps < -100 ? -100 : (int) Math.rint(ulps);
  }

  private static void assertEnough(int least, int found, String what) {
    if (found < least) {
      throw new AssertionError("only " + found + " cases: " + what);
    }
  }
}
