package org.sled.device;

import org.sled.net.protocol.Limits;

/**
 * How many tokens a block may have. Immutable.
 *
 * @param draftTokens what was asked for
 * @param maxTokens new tokens at most, 0 for no limit but the context
 * @param promptTokens tokens of the prompt
 * @param limits what the server takes
 */
record BlockLength(int draftTokens, int maxTokens, int promptTokens, Limits limits) {

  /** New tokens that can still come behind C committed ones. */
  int remainingTokens(int committedLength) {
    int inContext = limits.contextTokens() - committedLength;
    if (maxTokens == 0) {
      return inContext;
    }
    return Math.min(inContext, maxTokens - (committedLength - promptTokens));
  }

  /**
   * Drafts of the next block. A verdict brings one token more than it accepts, so the last token
   * that can still come is never worth a draft.
   *
   * @param room drafts that the draft model's context has room for
   * @return 0 or less if drafting makes no sense here
   */
  int next(int committedLength, int room) {
    int wanted = Math.min(Math.min(draftTokens, limits.maxDraftTokens()), room);
    return Math.min(wanted, remainingTokens(committedLength) - 1);
  }
}
