package org.sled.simulator;

/**
 * What simulated devices have before them: a link each, and a server. Immutable.
 *
 * @param roundTripNanos of each link, half of it each way, ns
 * @param passTime what a pass over the target's weights takes
 * @param resultNanos of that, what each row takes for its result: rows of a prompt have none, but
 *     for its last one, ns
 * @param rowMultiple the rows of a pass are filled up to a multiple of this, at least 1, as the
 *     server's cost model then reckons; the times have to say so, too
 * @param rowLeast and to at least so many
 * @param overheadNanos the server's time for a block beside queueing and computing, half of it
 *     before the step, ns
 */
public record VirtualServing(
    long roundTripNanos,
    PassTime passTime,
    long resultNanos,
    int rowMultiple,
    int rowLeast,
    long overheadNanos) {

  /** Where all rows take the same. */
  public VirtualServing(
      long roundTripNanos, PassTime passTime, int rowMultiple, int rowLeast, long overheadNanos) {
    this(roundTripNanos, passTime, 0, rowMultiple, rowLeast, overheadNanos);
  }

  /** What a pass over the target's weights takes. */
  @FunctionalInterface
  public interface PassTime {
    /**
     * Its time, ns.
     *
     * @param sessions that share it, 1 or more
     * @param rows of each of them, 1 or more
     */
    long nanos(int sessions, int rows);
  }

  /** Refuses times that are none. */
  public VirtualServing {
    if (roundTripNanos < 0 || overheadNanos < 0 || resultNanos < 0) {
      throw new IllegalArgumentException(
          String.format(
              "a round trip of %d ns, an overhead of %d ns, results of %d ns",
              roundTripNanos, overheadNanos, resultNanos));
    }
  }
}
