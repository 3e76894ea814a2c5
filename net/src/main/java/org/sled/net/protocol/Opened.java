package org.sled.net.protocol;

/**
 * The answer to OPEN and RESUME: the tokens are computed, and the next one is there.
 *
 * @param session the session's id
 * @param epoch the epoch of its OPEN
 * @param price seconds that a draft more in each session's block would add to a round; 0: not known
 * @param alone seconds that each token would take if nobody drafted; 0: not known
 * @param commonDrafts drafts that blocks best have all alike, up to 255; 0: not said
 * @param queueMicros time that the prompt waited, µs
 * @param computeMicros time that the prompt took, µs
 * @param overheadMicros the server's other time, µs, up to {@link
 *     ServerTimes#MOST_OVERHEAD_MICROS}; the connection writes it just before sending
 * @param committedLength prompt tokens plus the first token
 * @param firstToken the first new token
 * @param finishReason not NONE when the first token is also the last
 * @param secret what a later RESUME shows; none from servers that do not give any
 */
public record Opened(
    int session,
    int epoch,
    float price,
    float alone,
    int commonDrafts,
    int queueMicros,
    int computeMicros,
    int overheadMicros,
    int committedLength,
    int firstToken,
    FinishReason finishReason,
    StreamSecret secret)
    implements Message {
  @Override
  public FrameType type() {
    return FrameType.OPENED;
  }
}
