package org.sled.cli.options;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import java.util.Locale;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenBias;

/**
 * How tokens were chosen, as reports say it: enough to have the same text again. What is off has
 * its neutral value.
 *
 * @param temperature 0 for the most likely token
 * @param topK 0 for all
 * @param topP 1 for all
 * @param minP 0 for all
 * @param repeatPenalty 1 for none
 * @param presencePenalty 0 for none
 * @param frequencyPenalty 0 for none
 * @param penaltyLastN tokens that the penalties look back, -1 for all
 * @param logitBias in the order in which they are added
 * @param seed as an unsigned number, in a text since it may have more digits than a JSON reader
 *     keeps; null without a temperature
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record SamplingReport(
    float temperature,
    int topK,
    float topP,
    float minP,
    float repeatPenalty,
    float presencePenalty,
    float frequencyPenalty,
    int penaltyLastN,
    List<TokenBias> logitBias,
    String seed) {

  public static SamplingReport of(Sampling sampling) {
    return new SamplingReport(
        sampling.temperature(),
        sampling.topK(),
        sampling.topP(),
        sampling.minP(),
        sampling.repeatPenalty(),
        sampling.presencePenalty(),
        sampling.frequencyPenalty(),
        sampling.penaltyLastN(),
        sampling.logitBias(),
        sampling.usesSeed() ? Long.toUnsignedString(sampling.seed()) : null);
  }

  /** For the line at the end of a text; empty where nothing was drawn. */
  public static String words(Sampling sampling) {
    if (!sampling.usesSeed()) {
      return "";
    }
    return String.format(
        Locale.ROOT,
        ", temperature %s, seed %s",
        sampling.temperature(),
        Long.toUnsignedString(sampling.seed()));
  }
}
