package org.sled.net.protocol;

import java.util.List;
import java.util.Locale;

/**
 * How tokens are chosen, by server and device alike; {@code native/SAMPLING.md} says what each
 * value does, and in which order. Any values can be held and sent; {@link #problem} says whether
 * they can be used.
 *
 * @param temperature 0 takes the most likely token; above, the softmax temperature
 * @param topK keep this many tokens; 0 keeps all
 * @param topP keep the likeliest tokens up to this share; 1 keeps all
 * @param minP keep tokens of at least this share of the likeliest one's probability; 0 keeps all
 * @param repeatPenalty divisor for tokens in the history; 1 for none
 * @param presencePenalty subtracted once for tokens in the history; 0 for none
 * @param frequencyPenalty subtracted per occurrence in the history; 0 for none
 * @param penaltyLastN tokens of history that the penalties look at; -1 for all
 * @param seed seed of the noise that both sides compute
 * @param logitBias added to logits, in this order; at most {@link Limits#LOGIT_BIASES}
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
    long seed,
    List<TokenBias> logitBias) {

  /** The most likely token, always. */
  public static final Sampling GREEDY = new Sampling(0f, 0, 1f, 0f, 1f, 0f, 0f, 0, 0L, List.of());

  /** The repeat penalty is at least this, */
  public static final float LOWEST_REPEAT_PENALTY = 0.01f;

  /** and at most this. */
  public static final float HIGHEST_REPEAT_PENALTY = 100f;

  /** Presence and frequency penalties, and their negatives, are at most this. */
  public static final float HIGHEST_PENALTY = 1000f;

  /** A logit bias, and its negative, is at most this. */
  public static final float HIGHEST_BIAS = 1000f;

  /** Copies the list. */
  public Sampling {
    logitBias = List.copyOf(logitBias);
  }

  /**
   * What is wrong with a value, or null if all are within their ranges. The text begins with the
   * value's name as SAMPLING.md writes it, in lower case and with hyphens, and says what would be
   * right. Ids in the logit bias are checked by {@link #biasProblem}, which needs the vocabulary.
   */
  public String problem() {
    String[] problems = {
      // Infinity is above the largest finite number, and NaN is never within.
      within(temperature, 0f, Float.MAX_VALUE, "temperature", "a finite number, 0 or more"),
      topK >= 0 ? null : problem("top-k", topK, "0 or more"),
      within(topP, 0f, 1f, "top-p", "0 to 1"),
      within(minP, 0f, 1f, "min-p", "0 to 1"),
      within(
          repeatPenalty,
          LOWEST_REPEAT_PENALTY,
          HIGHEST_REPEAT_PENALTY,
          "repeat-penalty",
          "0.01 to 100"),
      penalty(presencePenalty, "presence-penalty"),
      penalty(frequencyPenalty, "frequency-penalty"),
      penaltyLastN >= -1 ? null : problem("penalty-last-n", penaltyLastN, "-1 or more"),
    };
    for (String problem : problems) {
      if (problem != null) {
        return problem;
      }
    }
    if (logitBias.size() > Limits.LOGIT_BIASES) {
      return problem(
          "logit-bias", logitBias.size() + " entries long", "at most " + Limits.LOGIT_BIASES);
    }
    for (TokenBias entry : logitBias) {
      String name = "logit-bias of token " + entry.token();
      String problem = within(entry.bias(), -HIGHEST_BIAS, HIGHEST_BIAS, name, "-1000 to 1000");
      if (problem != null) {
        return problem;
      }
    }
    return null;
  }

  /**
   * Names the first id of the logit bias that is not in a vocabulary, or gives null.
   *
   * @param vocabularySize ids are below it
   */
  public String biasProblem(int vocabularySize) {
    for (TokenBias entry : logitBias) {
      if (Integer.compareUnsigned(entry.token(), vocabularySize) >= 0) {
        return "logit-bias is for token "
            + entry.token()
            + ", which is not within 0 to "
            + (vocabularySize - 1);
      }
    }
    return null;
  }

  private static String penalty(float value, String name) {
    return within(value, -HIGHEST_PENALTY, HIGHEST_PENALTY, name, "-1000 to 1000");
  }

  private static String within(float value, float low, float high, String name, String right) {
    return value >= low && value <= high ? null : problem(name, value, right);
  }

  private static String problem(String name, Object value, String right) {
    return String.format(Locale.ROOT, "%s is %s; it must be %s", name, value, right);
  }

  /** Whether the seed matters: without a temperature there is no noise. */
  public boolean usesSeed() {
    return temperature != 0f;
  }

  /** A copy with another {@link #temperature}. */
  public Sampling withTemperature(float value) {
    return new Sampling(
        value,
        topK,
        topP,
        minP,
        repeatPenalty,
        presencePenalty,
        frequencyPenalty,
        penaltyLastN,
        seed,
        logitBias);
  }

  /** A copy with other filters: {@link #topK}, {@link #topP} and {@link #minP}. */
  public Sampling withFilters(int newTopK, float newTopP, float newMinP) {
    return new Sampling(
        temperature,
        newTopK,
        newTopP,
        newMinP,
        repeatPenalty,
        presencePenalty,
        frequencyPenalty,
        penaltyLastN,
        seed,
        logitBias);
  }

  /** A copy with other penalties, for tokens among the last {@code lastN}. */
  public Sampling withPenalties(float repeat, float presence, float frequency, int lastN) {
    return new Sampling(
        temperature, topK, topP, minP, repeat, presence, frequency, lastN, seed, logitBias);
  }

  /** A copy with another {@link #seed}. */
  public Sampling withSeed(long value) {
    return new Sampling(
        temperature,
        topK,
        topP,
        minP,
        repeatPenalty,
        presencePenalty,
        frequencyPenalty,
        penaltyLastN,
        value,
        logitBias);
  }

  /** A copy with another {@link #logitBias}. */
  public Sampling withLogitBias(List<TokenBias> value) {
    return new Sampling(
        temperature,
        topK,
        topP,
        minP,
        repeatPenalty,
        presencePenalty,
        frequencyPenalty,
        penaltyLastN,
        seed,
        value);
  }
}
