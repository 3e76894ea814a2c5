package org.sled.jni;

import java.util.List;
import org.sled.jni.SledLayout.SamplingStruct;

/**
 * How a token is chosen from logits, as {@code native/SAMPLING.md} specifies it. The native side
 * checks the ranges and names the value that is wrong.
 *
 * @param temperature 0 takes the most likely token; above, the softmax temperature
 * @param topK keep this many tokens; 0 keeps all
 * @param topP keep the likeliest tokens up to this share; 1 keeps all
 * @param minP keep tokens of at least this share of the likeliest one's probability; 0 keeps all
 * @param repeatPenalty divisor for tokens in the history; 1 for none
 * @param presencePenalty subtracted once for tokens in the history; 0 for none
 * @param frequencyPenalty subtracted per occurrence in the history; 0 for none
 * @param penaltyLastN tokens of history that the penalties look at; -1 for all
 * @param seed seed of the noise
 * @param logitBias added to logits, in this order
 */
public record SamplingParams(
    float temperature,
    int topK,
    float topP,
    float minP,
    float repeatPenalty,
    float presencePenalty,
    float frequencyPenalty,
    int penaltyLastN,
    long seed,
    List<TokenBias> logitBias) {

  /** An amount that is added to one token's logit. */
  public record TokenBias(int token, float bias) {}

  /** The most likely token, always. */
  public static final SamplingParams GREEDY =
      new SamplingParams(0f, 0, 1f, 0f, 1f, 0f, 0f, 0, 0L, List.of());

  /** Copies the list. */
  public SamplingParams {
    logitBias = List.copyOf(logitBias);
  }

  /** One block of memory: the struct, and the biases behind it that it points to. */
  Scratch toNative() {
    Scratch struct =
        Scratch.ofBytes(SamplingStruct.SIZE + logitBias.size() * SamplingStruct.BIAS_SIZE);
    struct.putInt(SamplingStruct.STRUCT_SIZE, SamplingStruct.SIZE);
    struct.putFloat(SamplingStruct.TEMPERATURE, temperature);
    struct.putInt(SamplingStruct.TOP_K, topK);
    struct.putFloat(SamplingStruct.TOP_P, topP);
    struct.putFloat(SamplingStruct.MIN_P, minP);
    struct.putFloat(SamplingStruct.REPEAT_PENALTY, repeatPenalty);
    struct.putFloat(SamplingStruct.PRESENCE_PENALTY, presencePenalty);
    struct.putFloat(SamplingStruct.FREQUENCY_PENALTY, frequencyPenalty);
    struct.putInt(SamplingStruct.PENALTY_LAST_N, penaltyLastN);
    struct.putInt(SamplingStruct.BIAS_COUNT, logitBias.size());
    struct.putLong(SamplingStruct.SEED, seed);
    struct.putLong(SamplingStruct.BIAS_ADDRESS, struct.address() + SamplingStruct.SIZE);
    int offset = SamplingStruct.SIZE;
    for (TokenBias entry : logitBias) {
      struct.putInt(offset, entry.token());
      struct.putFloat(offset + Integer.BYTES, entry.bias());
      offset += SamplingStruct.BIAS_SIZE;
    }
    return struct;
  }
}
