package org.sled.server;

import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.TokenIds;

/** A prompt, or the tokens of a stream, that come in chunks. Event loop of its connection only. */
final class PromptAssembly {
  private final FrameType type;
  private final int[] tokens;
  private int filled;

  /**
   * @param type of the frames that bring it: OPEN or RESUME
   * @param total tokens of the whole prompt, checked by the caller against its limit
   */
  PromptAssembly(FrameType type, int total) {
    this.type = type;
    tokens = new int[total];
  }

  /** Appends a chunk; false if it does not fit into the prompt that was announced. */
  boolean add(FrameType chunkType, TokenIds chunk, int total) {
    if (chunkType != type || total != tokens.length || chunk.count() > tokens.length - filled) {
      return false;
    }
    for (int i = 0; i < chunk.count(); i++) {
      tokens[filled++] = chunk.id(i);
    }
    return true;
  }

  /** Tokens that came so far. */
  int size() {
    return filled;
  }

  boolean isComplete() {
    return filled == tokens.length;
  }

  TokenIds prompt() {
    return TokenIds.of(tokens);
  }
}
