package org.sled.net.protocol;

/**
 * The session is freed; its id may be used again.
 *
 * @param session the session's id
 * @param epoch the session's epoch
 * @param committedLength the committed tokens that it ended with
 */
public record Closed(int session, int epoch, int committedLength) implements Message {
  @Override
  public FrameType type() {
    return FrameType.CLOSED;
  }
}
