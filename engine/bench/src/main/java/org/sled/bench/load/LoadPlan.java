package org.sled.bench.load;

import java.time.Duration;

/**
 * How much load, and for how long.
 *
 * @param devices devices that there are; in a closed loop each runs one request after another, in
 *     an open one a request that finds none free waits, and its wait counts
 * @param requestsPerSecond of an open loop; 0 for a closed one
 * @param burstiness of an open loop, see {@link Arrivals}
 * @param requests how many are measured, 0 for as many as fit into the duration
 * @param duration how long requests are started, warm-up apart; zero to be ended by their number. A
 *     closed loop goes on until as many as there are devices have begun, or the time to drain is
 *     over
 * @param warmup load before that, which is not measured
 * @param drain how long requests that have begun may take to finish; what is left is cancelled
 * @param seed of the arrival times
 */
public record LoadPlan(
    int devices,
    double requestsPerSecond,
    double burstiness,
    int requests,
    Duration duration,
    Duration warmup,
    Duration drain,
    long seed) {

  /** Refuses what is no load. */
  public LoadPlan {
    if (devices < 1) {
      throw new IllegalArgumentException("there must be at least one device");
    }
    if (requests == 0 && duration.isZero()) {
      throw new IllegalArgumentException("either requests or a duration must end the run");
    }
  }

  /** A copy with another number of devices. */
  public LoadPlan withDevices(int count) {
    return new LoadPlan(
        count, requestsPerSecond, burstiness, requests, duration, warmup, drain, seed);
  }

  /** Whether requests start when they are meant to, and not when a device is free. */
  public boolean isOpenLoop() {
    return requestsPerSecond > 0;
  }
}
