package org.sled.cli.hub;

import java.time.Duration;

/**
 * How long a hub is waited for.
 *
 * @param connect for a connection
 * @param answer for the beginning of an answer
 * @param page for a whole answer of the API
 * @param stall a file that brings less than {@link #LEAST_BYTES_PER_SECOND} for so long is asked
 *     for anew
 * @param firstPause before the second attempt; each further pause is twice as long
 * @param longestPause to which they grow
 * @param retryAfter the longest time that a hub may ask us to wait
 * @param attempts in a row that bring nothing, after which a file is given up
 * @param pageAttempts the same for an answer of the API, which people wait for
 */
record Patience(
    Duration connect,
    Duration answer,
    Duration page,
    Duration stall,
    Duration firstPause,
    Duration longestPause,
    Duration retryAfter,
    int attempts,
    int pageAttempts) {
  static final long LEAST_BYTES_PER_SECOND = 1024;

  /**
   * An attempt that brings so much counts as one that went well: so a file of S bytes takes at most
   * {@code attempts · (S / PROGRESS_BYTES + 1)} attempts.
   */
  static final long PROGRESS_BYTES = 1 << 20;

  static final Patience USUAL =
      new Patience(
          Duration.ofSeconds(10),
          Duration.ofSeconds(30),
          Duration.ofSeconds(60),
          Duration.ofSeconds(30),
          Duration.ofSeconds(1),
          Duration.ofSeconds(30),
          Duration.ofMinutes(5),
          7,
          3);

  /** The pause behind so many failures in a row, from 1. */
  Duration pause(int failures) {
    Duration pause = firstPause;
    for (int i = 1; i < failures && pause.compareTo(longestPause) < 0; i++) {
      pause = pause.multipliedBy(2);
    }
    return pause.compareTo(longestPause) < 0 ? pause : longestPause;
  }
}
