package org.sled.net.protocol;

import org.sled.net.limit.Quoted;

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
    if (!isHost(host) || port < 1 || port > HIGHEST_PORT) {
      throw new IllegalArgumentException(Quoted.of(host) + " port " + port + " is no server");
    }
  }

  /** Whether a name or address can be this: no spaces, nothing that could forge a line of a log. */
  public static boolean isHost(String host) {
    return !host.isEmpty() && host.indexOf(' ') < 0 && Quoted.line(host).equals(host);
  }

  @Override
  public FrameType type() {
    return FrameType.REDIRECT;
  }
}
