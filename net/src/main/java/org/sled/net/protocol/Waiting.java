package org.sled.net.protocol;

/**
 * A session that was to be opened waits for room at the server; sent to those who asked for that
 * with {@link Open#WAIT}, at once and again when its place has changed.
 *
 * @param session the session's id
 * @param epoch of its OPEN or RESUME
 * @param place 1 for the next one that gets room; 0: there is room, and its tokens are being
 *     computed
 * @param estimateMillis how long it will still wait, as things are, ms; 0: not known
 */
public record Waiting(int session, int epoch, int place, int estimateMillis) implements Message {
  @Override
  public FrameType type() {
    return FrameType.WAITING;
  }
}
