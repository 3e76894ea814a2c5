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

  /** Some 8 prompts of 128k tokens in a second. */
  static final int BYTES_PER_SECOND = 4 * 1024 * 1024;

  /** Further ones for each open session: many of them come back at once after an outage. */
  static final int BYTES_PER_SECOND_AND_SESSION = 64 * 1024;

  /** Each end of a pause wakes a thread, which takes a core from the computation for a moment. */
  private static final long SHORTEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(25);

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
    double bytesPerSecond = BYTES_PER_SECOND + (double) BYTES_PER_SECOND_AND_SESSION * sessions;
    double seconds = started ? Math.max(0, nowNanos - lastNanos) / NANOS_PER_SECOND : 0;
    lastNanos = nowNanos;
    started = true;
    frames = Math.min(framesPerSecond, frames + seconds * framesPerSecond) - frameCount;
    bytes = Math.min(bytesPerSecond, bytes + seconds * bytesPerSecond) - byteCount;
    double debtSeconds = Math.max(-frames / framesPerSecond, -bytes / bytesPerSecond);
    return debtSeconds <= 0
        ? 0
        : Math.max(SHORTEST_PAUSE_NANOS, (long) (debtSeconds * NANOS_PER_SECOND));
  }
}
