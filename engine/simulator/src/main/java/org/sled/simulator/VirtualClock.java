package org.sled.simulator;

import org.sled.device.draft.Pace;

/**
 * A clock that only goes on when somebody says so: a simulated device drafts, and waits, in no
 * time. One thread.
 */
public final class VirtualClock extends Pace {
  private long nowNanos;

  /** A clock at 0. */
  public VirtualClock() {}

  @Override
  public long nanoTime() {
    return nowNanos;
  }

  @Override
  public void finish(long startNanos, long durationNanos) {
    advanceTo(startNanos + durationNanos);
  }

  /** Goes on to a time, unless it is past. */
  void advanceTo(long nanos) {
    nowNanos = Math.max(nowNanos, nanos);
  }
}
