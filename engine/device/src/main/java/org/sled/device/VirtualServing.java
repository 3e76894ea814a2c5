package org.sled.device;

import java.util.function.IntToLongFunction;

/**
 * What a simulated device has before it: a link, and a server that nobody else uses. Immutable.
 *
 * @param roundTripNanos of the link, half of it each way, ns
 * @param stepNanos time of a step by its rows, 1 or more, ns
 * @param exactNumerics whether a lone row is padded with a second one, as the server's cost model
 *     then reckons; the times have to say so, too
 * @param overheadNanos the server's time for a block beside queueing and computing, half of it
 *     before the step, ns
 */
public record VirtualServing(
    long roundTripNanos, IntToLongFunction stepNanos, boolean exactNumerics, long overheadNanos) {
  /** Refuses times that are none. */
  public VirtualServing {
    if (roundTripNanos < 0 || overheadNanos < 0) {
      throw new IllegalArgumentException(
          "a round trip of " + roundTripNanos + " ns, an overhead of " + overheadNanos + " ns");
    }
  }
}
