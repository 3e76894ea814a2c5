package org.sled.net.protocol;

/**
 * Asks whether the other side is there.
 *
 * @param nonce comes back in the PONG
 * @param senderNanos the sender's own clock, ns; means nothing to the receiver, comes back
 */
public record Ping(long nonce, long senderNanos) implements Message {
  @Override
  public FrameType type() {
    return FrameType.PING;
  }
}
