package org.sled.net.protocol;

/**
 * The answer to PING.
 *
 * @param nonce the PING's nonce
 * @param senderNanos the PING's senderNanos
 */
public record Pong(long nonce, long senderNanos) implements Message {
  @Override
  public FrameType type() {
    return FrameType.PONG;
  }
}
