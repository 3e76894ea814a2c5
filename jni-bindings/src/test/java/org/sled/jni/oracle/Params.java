package org.sled.jni.oracle;

import java.util.List;
import org.sled.jni.SamplingParams;
import org.sled.jni.SamplingParams.TokenBias;

/** Sampling parameters for a test: everything off at temperature 1, then what the test is about. */
record Params(SamplingParams value) {
  static final Params PLAIN =
      new Params(new SamplingParams(1f, 0, 1f, 0f, 1f, 0f, 0f, 0, 0L, List.of()));

  private static Params of(
      SamplingParams p, float temperature, int topK, float topP, float minP, long seed) {
    return new Params(
        new SamplingParams(
            temperature,
            topK,
            topP,
            minP,
            p.repeatPenalty(),
            p.presencePenalty(),
            p.frequencyPenalty(),
            p.penaltyLastN(),
            seed,
            p.logitBias()));
  }

  private static Params of(
      SamplingParams p, float repeat, float presence, float frequency, int n, List<TokenBias> l) {
    return new Params(
        new SamplingParams(
            p.temperature(),
            p.topK(),
            p.topP(),
            p.minP(),
            repeat,
            presence,
            frequency,
            n,
            p.seed(),
            l));
  }

  Params temperature(float temperature) {
    return of(value, temperature, value.topK(), value.topP(), value.minP(), value.seed());
  }

  Params topK(int topK) {
    return of(value, value.temperature(), topK, value.topP(), value.minP(), value.seed());
  }

  Params topP(float topP) {
    return of(value, value.temperature(), value.topK(), topP, value.minP(), value.seed());
  }

  Params minP(float minP) {
    return of(value, value.temperature(), value.topK(), value.topP(), minP, value.seed());
  }

  Params seed(long seed) {
    return of(value, value.temperature(), value.topK(), value.topP(), value.minP(), seed);
  }

  Params penalties(float repeat, float presence, float frequency, int lastN) {
    return of(value, repeat, presence, frequency, lastN, value.logitBias());
  }

  Params bias(TokenBias... biases) {
    return of(
        value,
        value.repeatPenalty(),
        value.presencePenalty(),
        value.frequencyPenalty(),
        value.penaltyLastN(),
        List.of(biases));
  }
}
