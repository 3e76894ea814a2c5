package org.sled.net.protocol;

/**
 * Lets the server go on alone; answered by TOKENS.
 *
 * @param session the session's id
 * @param epoch the session's epoch
 * @param kvOffset the position of the newest committed token that the client knows, C − 1
 * @param credit tokens that the server may add at most; adds to what is left; 0 stops it
 */
public record Push(int session, int epoch, int kvOffset, int credit) implements Message {
  @Override
  public FrameType type() {
    return FrameType.PUSH;
  }
}
