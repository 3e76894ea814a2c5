package org.sled.jni.oracle;

import java.util.Arrays;
import java.util.Random;
import org.sled.jni.SamplingParams;
import org.sled.jni.SamplingParams.TokenBias;

/** Parameters whose distribution is tested, with the number of tokens that filters leave of 20. */
enum DistributionCase {
  PLAIN(20),
  COLD(20),
  HOT_TOP_K(5),
  TOP_P(10),
  MIN_P(11),
  PENALTIES_AND_BIAS(20),
  EVERYTHING(8);

  static final float[] LOGITS = logits();

  /** The token that histories end with, as many times as penalties look back: a likely one. */
  static final int REPEATED = 3;

  private final int left;

  DistributionCase(int left) {
    this.left = left;
  }

  private static float[] logits() {
    Random random = new Random(12);
    float[] logits = new float[20];
    for (int x = 0; x < logits.length; x++) {
      logits[x] = 1.5f * (float) random.nextGaussian();
    }
    logits[REPEATED] = 2;
    return logits;
  }

  SamplingParams params(long seed) {
    return params().seed(seed).value();
  }

  private Params params() {
    Params plain = Params.PLAIN;
    Params penalties = plain.penalties(1.3f, 0.4f, 0.2f, 4);
    return switch (this) {
      case PLAIN -> plain;
      case COLD -> plain.temperature(0.7f);
      case HOT_TOP_K -> plain.temperature(1.5f).topK(5);
      case TOP_P -> plain.topP(0.9f);
      case MIN_P -> plain.minP(0.1f);
      case PENALTIES_AND_BIAS ->
          penalties.bias(new TokenBias(2, 1.5f), new TokenBias(19, -2), new TokenBias(2, 0.25f));
      case EVERYTHING ->
          penalties
              .temperature(1.2f)
              .topK(9)
              .topP(0.95f)
              .minP(0.08f)
              .bias(new TokenBias(2, 1.5f), new TokenBias(19, -2));
    };
  }

  /** The number of tokens that have a chance. */
  int left() {
    return left;
  }

  static int[] history(int length) {
    int[] history = new int[length];
    Arrays.fill(history, REPEATED);
    return history;
  }

  double[] probabilities() {
    return FilteredSoftmax.of(LOGITS, history(4), params(0));
  }
}
