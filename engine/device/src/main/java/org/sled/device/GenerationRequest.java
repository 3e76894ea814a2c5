package org.sled.device;

import java.util.List;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.text.Seeds;
import org.sled.device.text.StopStrings;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/**
 * What to generate, and how. Without a temperature tokens are the target's most likely ones
 * (greedy); with one they are drawn, and the seed decides what comes: the same request gives the
 * same text. For another text each time, give {@code sampling.withSeed(Seeds.random())}.
 *
 * @param prompt the prompt's token ids, at least one
 * @param maxTokens new tokens at most; 0 for as many as the server's context holds
 * @param draftTokens drafts per block at most, with {@link DraftPolicy#FIXED} exactly; 0 to let the
 *     server generate alone. Longer blocks than the server takes are cut to its limit
 * @param ignoreEnd go on after end-of-generation tokens
 * @param sampling how tokens are chosen, with the seed
 * @param stopStrings texts at which the generation ends, at most 16 of 1 to 256 characters. It ends
 *     with the token that completes one; {@link Generation#text} gives the text before it. They are
 *     looked for in what is generated, not in the prompt. A control token such as {@code <|end|>}
 *     ends it as well, where it is the whole of a stop string
 */
public record GenerationRequest(
    TokenIds prompt,
    int maxTokens,
    int draftTokens,
    boolean ignoreEnd,
    Sampling sampling,
    List<String> stopStrings) {

  /** Default for {@link #draftTokens}. */
  public static final int DEFAULT_DRAFT_TOKENS = 16;

  /** Refuses values that are none. */
  public GenerationRequest {
    if (prompt.count() == 0) {
      throw new IllegalArgumentException("the prompt is empty: it needs at least one token");
    }
    if (maxTokens < 0) {
      throw new IllegalArgumentException("maxTokens is " + maxTokens + ", below 0");
    }
    if (draftTokens < 0) {
      throw new IllegalArgumentException("draftTokens is " + draftTokens + ", below 0");
    }
    String problem = sampling.problem();
    if (problem != null) {
      throw new IllegalArgumentException(problem);
    }
    stopStrings = List.copyOf(stopStrings);
    StopStrings.check(stopStrings);
  }

  /** A greedy request with up to 16 drafts per block, and no limit but the server's context. */
  public static GenerationRequest of(int... prompt) {
    return new GenerationRequest(
        TokenIds.of(prompt), 0, DEFAULT_DRAFT_TOKENS, false, Sampling.GREEDY, List.of());
  }

  /** A copy with another {@link #maxTokens}. */
  public GenerationRequest withMaxTokens(int value) {
    return new GenerationRequest(prompt, value, draftTokens, ignoreEnd, sampling, stopStrings);
  }

  /** A copy with another {@link #draftTokens}. */
  public GenerationRequest withDraftTokens(int value) {
    return new GenerationRequest(prompt, maxTokens, value, ignoreEnd, sampling, stopStrings);
  }

  /** A copy with another {@link #ignoreEnd}. */
  public GenerationRequest withIgnoreEnd(boolean value) {
    return new GenerationRequest(prompt, maxTokens, draftTokens, value, sampling, stopStrings);
  }

  /** A copy with another {@link #sampling}; its seed counts, see {@link Seeds#random}. */
  public GenerationRequest withSampling(Sampling value) {
    return new GenerationRequest(prompt, maxTokens, draftTokens, ignoreEnd, value, stopStrings);
  }

  /** A copy with other {@link #stopStrings}. */
  public GenerationRequest withStopStrings(List<String> value) {
    return new GenerationRequest(prompt, maxTokens, draftTokens, ignoreEnd, sampling, value);
  }
}
