package org.sled.device;

import org.sled.net.protocol.TokenIds;

/**
 * What to generate. Tokens are the target's most likely ones (greedy).
 *
 * @param prompt the prompt's token ids, at least one
 * @param maxTokens new tokens at most; 0 for as many as the server's context holds
 * @param draftTokens drafts per block; 0 to let the server generate alone. Longer blocks than the
 *     server takes are cut to its limit
 * @param ignoreEnd go on after end-of-generation tokens
 */
public record GenerationRequest(
    TokenIds prompt, int maxTokens, int draftTokens, boolean ignoreEnd) {

  /** Default for {@link #draftTokens}. */
  public static final int DEFAULT_DRAFT_TOKENS = 4;

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
  }

  /** A request with 4 drafts per block, and no limit but the server's context. */
  public static GenerationRequest of(int... prompt) {
    return new GenerationRequest(TokenIds.of(prompt), 0, DEFAULT_DRAFT_TOKENS, false);
  }

  /** The same with another {@link #maxTokens}. */
  public GenerationRequest withMaxTokens(int value) {
    return new GenerationRequest(prompt, value, draftTokens, ignoreEnd);
  }

  /** The same with another {@link #draftTokens}. */
  public GenerationRequest withDraftTokens(int value) {
    return new GenerationRequest(prompt, maxTokens, value, ignoreEnd);
  }

  /** The same with another {@link #ignoreEnd}. */
  public GenerationRequest withIgnoreEnd(boolean value) {
    return new GenerationRequest(prompt, maxTokens, draftTokens, value);
  }
}
