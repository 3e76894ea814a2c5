package org.sled.jni.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.sled.jni.Sampler;
import org.sled.jni.SamplingParams;

/** The native sampling and its twin, side by side. */
final class Twins {
  private Twins() {}

  /**
   * Both choose the same token, which is returned; the message has all that is needed to repeat.
   */
  static int choose(float[] logits, int[] history, SamplingParams params, String origin) {
    int twin = CoupledSampling.choose(logits, history, params);
    int sampler = Sampler.choose(logits, history, params);
    assertEquals(twin, sampler, () -> describe(logits, history, params, origin));
    return twin;
  }

  private static String describe(
      float[] logits, int[] history, SamplingParams params, String origin) {
    return "twin and native choose differently"
        + "\norigin: "
        + origin
        + "\nlogits: new float["
        + logits.length
        + "] "
        + LogitShape.source(logits)
        + "\nhistory: "
        + Arrays.toString(history)
        + "\nparams: "
        + params
        + "\ntemperature "
        + Float.toHexString(params.temperature())
        + ", topP "
        + Float.toHexString(params.topP())
        + ", minP "
        + Float.toHexString(params.minP())
        + ", repeat "
        + Float.toHexString(params.repeatPenalty())
        + ", presence "
        + Float.toHexString(params.presencePenalty())
        + ", frequency "
        + Float.toHexString(params.frequencyPenalty())
        + "\n";
  }
}
