package org.sled.net.protocol;

/**
 * The server sends the sessions of this connection to another server, where they are resumed.
 *
 * @param host name or address of that server, without brackets; at most {@link #HOST_BYTES}
 * @param port 1 to 65535
 */
public record Redirect(String host, int port) implements Message {
  /** Bytes of UTF-8 in the host at most: the longest name that there can be. */
  public static final int HOST_BYTES = 255;

  private static final int HIGHEST_PORT = 65_535;

  /** Refuses what is no address. */
  public Redirect {
    if (host.isEmpty() || port < 1 || port > HIGHEST_PORT) {
      throw new IllegalArgumentException("'" + host + "' port " + port + " is no server");
    }
  }

  @Override
  public FrameType type() {
    return FrameType.REDIRECT;
  }
}
