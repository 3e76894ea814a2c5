package org.sled.cli.fit;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** How long {@code sled fit} may take, and what there was not enough time for. One thread. */
final class FitTime {
  private final long startNanos = System.nanoTime();
  private final long limitNanos;
  private final List<String> cutShort = new ArrayList<>();

  /** From now on, so many seconds. */
  FitTime(int seconds) {
    limitNanos = TimeUnit.SECONDS.toNanos(seconds);
  }

  /** When this share of the time is over, {@link System#nanoTime}. */
  long endNanos(double share) {
    return startNanos + (long) (share * limitNanos);
  }

  /** Whether it is later than that. */
  static boolean isOver(long endNanos) {
    return System.nanoTime() - endNanos >= 0;
  }

  /** Something was left out. */
  void cut(String what) {
    cutShort.add(what);
  }

  List<String> cutShort() {
    return List.copyOf(cutShort);
  }

  /** Since the start. */
  double seconds() {
    return (System.nanoTime() - startNanos) / 1e9;
  }
}
