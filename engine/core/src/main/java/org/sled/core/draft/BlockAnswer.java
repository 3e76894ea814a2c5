package org.sled.core.draft;

/**
 * What a device learns from the answer to a block.
 *
 * @param computed drafts of the block that the server computed; the time is that of so many
 * @param verified drafts that it looked at: up to the first wrong one
 * @param accepted drafts among them that were right
 * @param linkNanos of the round that were not spent at the server
 * @param serverNanos of the round that were
 * @param queuedNanos of those, for which it waited for its step
 */
public record BlockAnswer(
    int computed, int verified, int accepted, long linkNanos, long serverNanos, long queuedNanos) {
  /**
   * An answer by the rows of the step.
   *
   * @param sent drafts of the block as it was sent
   * @param wasCut whether the server looked at fewer than that although all those were right
   * @param stepRows rows of the step, those of others and padding included
   */
  public static BlockAnswer of(
      int sent,
      int verified,
      int accepted,
      boolean wasCut,
      int stepRows,
      long linkNanos,
      long serverNanos,
      long queuedNanos) {
    // Where one was wrong, the rows behind it were computed nevertheless.
    int computed = wasCut ? verified : Math.max(verified, Math.min(sent, stepRows - 1));
    return new BlockAnswer(computed, verified, accepted, linkNanos, serverNanos, queuedNanos);
  }
}
