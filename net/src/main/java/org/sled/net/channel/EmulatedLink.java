package org.sled.net.channel;

import io.netty.channel.ChannelHandler;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A slower network than there is, for measurements and tests: adds delay, jitter and a bandwidth
 * limit to connections. Each connection is a link of its own; its handler stands first in the
 * pipeline. Any thread.
 *
 * <p>A message leaves when the link has sent all of the messages before it and its own bits, and
 * arrives half a round trip and the jitter later; never before an earlier one. Of TCP nothing is
 * emulated: no loss, no slow start, no handshake. Timers are about 0.1 ms late.
 */
public final class EmulatedLink implements AutoCloseable {
  private final long oneWayNanos;
  private final long jitterNanos;
  private final long bitsPerSecond;
  private final AtomicLong nextSeed;

  /** Netty's own timers spin for the last half millisecond; this one sleeps. */
  private final ScheduledThreadPoolExecutor timer;

  /**
   * A kind of link.
   *
   * @param rttNanos added to every round trip, half in each direction
   * @param jitterNanos each direction takes up to this much longer, evenly distributed
   * @param bitsPerSecond of each direction; 0 for no limit
   * @param seed of the jitter
   */
  public EmulatedLink(long rttNanos, long jitterNanos, long bitsPerSecond, long seed) {
    if (rttNanos < 0 || jitterNanos < 0 || bitsPerSecond < 0) {
      throw new IllegalArgumentException("a link's delay, jitter and bandwidth are 0 or more");
    }
    oneWayNanos = rttNanos / 2;
    this.jitterNanos = jitterNanos;
    this.bitsPerSecond = bitsPerSecond;
    nextSeed = new AtomicLong(seed);
    timer =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "sled-link-timer");
              thread.setDaemon(true);
              return thread;
            });
  }

  /** A handler for one more connection; put it first into its pipeline. */
  public ChannelHandler newHandler() {
    return new LinkHandler(this, nextSeed.getAndIncrement());
  }

  void at(long nanos, Runnable action) {
    var unused = timer.schedule(action, nanos - System.nanoTime(), TimeUnit.NANOSECONDS);
  }

  long oneWayNanos() {
    return oneWayNanos;
  }

  long jitterNanos() {
    return jitterNanos;
  }

  /** How long a message occupies the link. */
  long transmissionNanos(int bytes) {
    return bitsPerSecond == 0 ? 0 : (long) (bytes * 8.0 * 1e9 / bitsPerSecond);
  }

  /** Stops the timer; messages under way are lost. Close the connections first. */
  @Override
  public void close() {
    timer.shutdownNow();
  }
}
