package org.sled.net.protocol;

/**
 * Drops the blocks and the push credit of a session that wait; the session remains.
 *
 * @param session the session's id
 * @param epoch the session's epoch
 */
public record Cancel(int session, int epoch) implements Message {
  @Override
  public FrameType type() {
    return FrameType.CANCEL;
  }
}
