package org.sled.server.observe;

import org.HdrHistogram.Histogram;

/**
 * What a daemon has done since its start.
 *
 * @param sessionsInUse sessions open now
 * @param sessionsOpened sessions opened so far
 * @param busyAnswers OPENs that were answered BUSY
 * @param steps steps computed
 * @param passes passes over the weights in them
 * @param rows rows computed, padding included
 * @param usefulRows rows without padding
 * @param rounds blocks verified
 * @param drafted draft tokens in them
 * @param accepted draft tokens accepted
 * @param tokens tokens committed, first and pushed ones included
 * @param swappedOut sessions that had to give their sequence to another
 * @param kvCellsUsed cells of the K/V cache that open sessions use now
 * @param overheadMicros time from a decoded DRAFT, OPEN or pushed token to the written answer, less
 *     queueing, decoding and sampling, µs; null before the first
 */
public record ServerSnapshot(
    int sessionsInUse,
    long sessionsOpened,
    long busyAnswers,
    long steps,
    long passes,
    long rows,
    long usefulRows,
    long rounds,
    long drafted,
    long accepted,
    long tokens,
    long swappedOut,
    long kvCellsUsed,
    Histogram overheadMicros) {}
