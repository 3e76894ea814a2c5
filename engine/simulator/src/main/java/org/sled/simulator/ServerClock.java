package org.sled.simulator;

import org.agrona.concurrent.NanoClock;

/** The time at a simulated server. One thread. */
final class ServerClock implements NanoClock {
  private long nowNanos;

  @Override
  public long nanoTime() {
    return nowNanos;
  }

  void advance(long nanos) {
    nowNanos += nanos;
  }

  /** Goes on to a time, unless it is past. */
  void advanceTo(long nanos) {
    nowNanos = Math.max(nowNanos, nanos);
  }
}
