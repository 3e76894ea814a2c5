package org.sled.device.session;

import org.sled.device.GenerationRequest;
import org.sled.device.ServerInfo;

/**
 * How many tokens a block may have. Immutable.
 *
 * @param draftTokens what was asked for
 * @param maxTokens new tokens at most, 0 for no limit but the context
 * @param promptTokens tokens of the prompt
 * @param contextTokens that a session of the server holds
 * @param maxDraftTokens that the server takes in a block
 */
record BlockLength(
    int draftTokens, int maxTokens, int promptTokens, int contextTokens, int maxDraftTokens) {

  static BlockLength of(GenerationRequest request, ServerInfo server) {
    return new BlockLength(
        request.draftTokens(),
        request.maxTokens(),
        request.prompt().count(),
        server.contextTokens(),
        server.maxDraftTokens());
  }

  /** New tokens that can still come behind C committed ones. */
  int remainingTokens(int committedLength) {
    int inContext = contextTokens - committedLength;
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
    return Math.min(Math.min(draftTokens, room), longest(committedLength));
  }

  /**
   * How long a block may be of drafts that are there already, and were not to be sent when they
   * were made.
   */
  int longest(int committedLength) {
    return Math.min(maxDraftTokens, remainingTokens(committedLength) - 1);
  }
}
