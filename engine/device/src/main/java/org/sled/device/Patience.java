package org.sled.device;

import java.time.Duration;

/**
 * What a generation does while it has no server or no place at one, and for how long.
 *
 * @param outage what it does while no server is there
 * @param outageTimeout how long: from the loss of its connection until a server goes on with it,
 *     however many connections were tried meanwhile
 * @param busy what it does while servers have no room for it; one that has begun waits in any case
 * @param busyTimeout how long: from the first such answer until there is room
 */
record Patience(Outage outage, Duration outageTimeout, Busy busy, Duration busyTimeout) {
  /** For tests and simulations: waits as long as it takes. */
  static Patience endless(Outage outage) {
    return new Patience(outage, Duration.ofDays(1), Busy.WAIT, Duration.ofDays(1));
  }
}
