package org.sled.net.limit;

import java.util.concurrent.TimeUnit;

/**
 * How fast one connection is read: so many frames and bytes per second, with a second's worth
 * ahead. A peer that sends faster is read later, which its TCP notices; nothing is lost and nobody
 * is closed. What honest devices send stays far below; what is above would take processor time from
 * the other connections and from the computation.
 *
 * <p>Owned by one thread.
 */
public final class ReadPace {
  /** Frames per second of any connection: pings, requests that are refused, sessions reopened. */
  static final int FRAMES_PER_SECOND = 2_000;

  /** Further ones for each open session: a block for each of the shortest steps, about 1 ms. */
  static final int FRAMES_PER_SECOND_AND_SESSION = 1_000;

  /** Some 30 prompts of 128k tokens in a second. */
  static final int BYTES_PER_SECOND = 16 * 1024 * 1024;

  /** Shorter pauses would cost more than they save. */
  private static final long SHORTEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private static final double NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);

  private double frames = FRAMES_PER_SECOND; // that may still come at once
  private double bytes = BYTES_PER_SECOND;
  private long lastNanos;
  private boolean started;

  /** A connection of which nothing was read yet. */
  public ReadPace() {}

  /**
   * Notes what was read.
   *
   * @param nowNanos on the clock of {@link System#nanoTime}
   * @param sessions open on this connection
   * @return for how long nothing more should be read, ns; 0 to go on
   */
  public long read(long nowNanos, int frameCount, long byteCount, int sessions) {
    double framesPerSecond = FRAMES_PER_SECOND + (double) FRAMES_PER_SECOND_AND_SESSION * sessions;
    double seconds = started ? Math.max(0, nowNanos - lastNanos) / NANOS_PER_SECOND : 0;
    lastNanos = nowNanos;
    started = true;
    frames = Math.min(framesPerSecond, frames + seconds * framesPerSecond) - frameCount;
    bytes = Math.min(BYTES_PER_SECOND, bytes + seconds * BYTES_PER_SECOND) - byteCount;
    double debtSeconds = Math.max(-frames / framesPerSecond, -bytes / BYTES_PER_SECOND);
    return debtSeconds <= 0
        ? 0
        : Math.max(SHORTEST_PAUSE_NANOS, (long) (debtSeconds * NANOS_PER_SECOND));
  }
}
