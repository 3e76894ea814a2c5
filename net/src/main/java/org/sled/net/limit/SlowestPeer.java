package org.sled.net.limit;

/**
 * How long something may take to arrive: a time to begin with, and what its bytes take on the
 * slowest link that is served.
 *
 * @param graceMillis to begin with
 * @param bytesPerSecond of the slowest link
 */
public record SlowestPeer(int graceMillis, int bytesPerSecond) {
  /** Three silent ping intervals, and 4 KiB/s: a prompt of 1 MiB may take nearly 5 minutes. */
  public static final SlowestPeer DEFAULT = new SlowestPeer(30_000, 4 * 1024);

  private static final long MILLIS_PER_SECOND = 1_000;

  /** For so many bytes, ms. */
  public long millisFor(long bytes) {
    return graceMillis + bytes * MILLIS_PER_SECOND / bytesPerSecond;
  }
}
