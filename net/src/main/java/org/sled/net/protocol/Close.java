package org.sled.net.protocol;

/**
 * Frees a session; answered by CLOSED.
 *
 * @param session the session's id
 * @param epoch the session's epoch
 */
public record Close(int session, int epoch) implements Message {
  @Override
  public FrameType type() {
    return FrameType.CLOSE;
  }
}
