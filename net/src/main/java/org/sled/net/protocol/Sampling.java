package org.sled.net.protocol;

/**
 * How the target's tokens are chosen.
 *
 * @param temperature 0 takes the most likely token; above, the softmax temperature
 * @param topK keep this many tokens; 0 keeps all
 * @param topP keep the likeliest tokens up to this share; 1 keeps all
 * @param minP keep tokens of at least this share of the likeliest one's probability; 0 keeps all
 * @param repeatPenalty divisor for tokens in the history; 1 for none
 * @param presencePenalty subtracted once for tokens in the history; 0 for none
 * @param frequencyPenalty subtracted per occurrence in the history; 0 for none
 * @param penaltyLastN tokens of history that the penalties look at; -1 for the whole context
 * @param seed seed of the noise that both sides compute
 */
public record Sampling(
    float temperature,
    int topK,
    float topP,
    float minP,
    float repeatPenalty,
    float presencePenalty,
    float frequencyPenalty,
    int penaltyLastN,
    long seed) {

  /** The most likely token, always. */
  public static final Sampling GREEDY = new Sampling(0f, 0, 1f, 0f, 1f, 0f, 0f, 0, 0L);
}
