package org.sled.net.protocol;

/** Constants of the wire protocol that are not part of one frame's layout. */
public final class Protocol {
  /** The four bytes 'S' 'L' 'E' 'D', read as a little-endian number. */
  public static final int MAGIC = 'S' | 'L' << 8 | 'E' << 16 | 'D' << 24;

  /** The oldest protocol version that this code speaks. */
  public static final int MIN_VERSION = 1;

  /** The newest protocol version that this code speaks. */
  public static final int MAX_VERSION = 1;

  /** Every frame length is a multiple of this many bytes, so that token ids stay aligned. */
  public static final int ALIGNMENT_BYTES = 4;

  /** Bytes per token id. */
  public static final int TOKEN_BYTES = 4;

  /** Stands where a token id is expected and there is none. */
  public static final int NO_TOKEN = -1;

  /** A server's default for how long a connection may be silent before it is pinged. */
  public static final int DEFAULT_PING_INTERVAL_MILLIS = 10_000;

  /** After this many silent ping intervals the other side is taken for gone. */
  public static final int SILENT_INTERVALS = 3;

  private Protocol() {}

  /**
   * Picks the version that both sides speak.
   *
   * @param clientMin oldest version that the client offers
   * @param clientMax newest version that the client offers
   * @return the newest version in common, or 0 when there is none
   */
  public static int negotiate(int clientMin, int clientMax) {
    int newest = Math.min(clientMax, MAX_VERSION);
    return newest >= Math.max(clientMin, MIN_VERSION) ? newest : 0;
  }
}
