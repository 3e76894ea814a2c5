package org.sled.device;

/**
 * One answered block, with its times. The round began with drafting, or with the answer before it
 * where some of it was drafted ahead, and ended when its verdict was read; what of it was neither
 * drafting nor spent in the server was spent on the way.
 *
 * @param draftStartNanos when it began, {@link System#nanoTime}
 * @param sentNanos when the block was handed to the network
 * @param verdictNanos when the verdict was decoded
 * @param draftNanos what its drafts took, ahead or not
 * @param drafted drafts in the block, without those at its end that the server cut off
 * @param verified drafts that the server looked at
 * @param accepted drafts that equal the target's tokens
 * @param queueMicros the block's wait for the engine, µs
 * @param computeMicros the step that verified it, µs
 * @param overheadMicros the server's remaining time, µs
 * @param batchRows rows of that step, everybody's together
 */
public record RoundTimes(
    long draftStartNanos,
    long sentNanos,
    long verdictNanos,
    long draftNanos,
    int drafted,
    int verified,
    int accepted,
    int queueMicros,
    int computeMicros,
    int overheadMicros,
    int batchRows) {}
