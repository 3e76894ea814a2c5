package org.sled.bridge;

import org.sled.jni.SamplingParams;
import org.sled.net.protocol.Sampling;

/** Sampling parameters for the native library. */
public final class NativeSampling {
  private NativeSampling() {}

  /** The values of a wire record as native ones; ranges are not checked here. */
  public static SamplingParams of(Sampling sampling) {
    return new SamplingParams(
        sampling.temperature(),
        sampling.topK(),
        sampling.topP(),
        sampling.minP(),
        sampling.repeatPenalty(),
        sampling.presencePenalty(),
        sampling.frequencyPenalty(),
        sampling.penaltyLastN(),
        sampling.seed(),
        sampling.logitBias().stream()
            .map(entry -> new SamplingParams.TokenBias(entry.token(), entry.bias()))
            .toList());
  }
}
