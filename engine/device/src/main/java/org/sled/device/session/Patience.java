package org.sled.device.session;

import java.time.Duration;
import org.sled.device.Busy;
import org.sled.device.Outage;

/**
 * What a generation does while it has no server or no place at one, and for how long.
 *
 * @param outage what it does while no server is there
 * @param outageTimeout how long: from the loss of its connection until a server goes on with it,
 *     however many connections were tried meanwhile
 * @param busy what it does while servers have no room for it; one that has begun waits in any case
 * @param busyTimeout how long: from the first such answer until there is room
 */
public record Patience(Outage outage, Duration outageTimeout, Busy busy, Duration busyTimeout) {
  /** For tests and simulations: waits as long as it takes. */
  public static Patience endless(Outage outage) {
    return new Patience(outage, Duration.ofDays(1), Busy.WAIT, Duration.ofDays(1));
  }
}
