package org.sled.server;

import org.sled.jni.TokenBuffer;

/** Token buffers with given contents. */
final class TokenBufferOf {
  private TokenBufferOf() {}

  static TokenBuffer tokens(int... tokens) {
    TokenBuffer buffer = new TokenBuffer(tokens.length);
    buffer.addAll(tokens);
    return buffer;
  }
}
