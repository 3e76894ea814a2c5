package org.sled.server;

import org.sled.net.protocol.TokenIds;

/** A prompt that comes in chunks. Event loop of its connection only. */
final class PromptAssembly {
  private final int[] tokens;
  private int filled;

  /**
   * @param total tokens of the whole prompt, checked by the caller against its limit
   */
  PromptAssembly(int total) {
    tokens = new int[total];
  }

  /** Appends a chunk; false if it does not fit into the prompt that was announced. */
  boolean add(TokenIds chunk, int total) {
    if (total != tokens.length || chunk.count() > tokens.length - filled) {
      return false;
    }
    for (int i = 0; i < chunk.count(); i++) {
      tokens[filled++] = chunk.id(i);
    }
    return true;
  }

  boolean isComplete() {
    return filled == tokens.length;
  }

  TokenIds prompt() {
    return TokenIds.of(tokens);
  }
}
