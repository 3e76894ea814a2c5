package org.sled.server;

import java.io.IOException;

/**
 * How the files that a process may open are shared out, so that devices cannot take those of the
 * admin port, or of the daemon itself. Pure.
 */
final class SocketPlan {
  /** Device connections at most, however many files there may be. */
  static final int MOST_DEVICES = 4096;

  private static final int MOST_ADMIN = 64;
  private static final int LEAST_ADMIN = 4;

  /** The admin port's part of what is left before the model is loaded. */
  private static final int ADMIN_SHARE = 8;

  /**
   * What else may be opened while the daemon runs: sockets of clients that are being turned away
   * (16), the files of step costs, of the JVM and of the system's libraries.
   */
  private static final int RESERVE = 32;

  private SocketPlan() {}

  /**
   * Connections of the admin port at once.
   *
   * @param filesLeft that may be opened before anything of the daemon is
   */
  static int adminConnections(long filesLeft) {
    return (int) Math.max(LEAST_ADMIN, Math.min(MOST_ADMIN, filesLeft / ADMIN_SHARE));
  }

  /**
   * Connections of devices at once.
   *
   * @param filesLeft that may be opened when all else is
   * @throws IOException if not even one is possible; the text says what to do
   */
  static int deviceConnections(long filesLeft) throws IOException {
    // Files that are open now are not available to the admin port: its share is of those left.
    long devices = filesLeft - RESERVE - adminConnections(filesLeft);
    if (devices < 1) {
      throw new IOException(
          "this process may open only "
              + Math.max(0, filesLeft)
              + " more files and sockets, too few to serve devices; raise its limit: ulimit -n 1024,"
              + " or LimitNOFILE=1024 in its systemd unit");
    }
    return (int) Math.min(MOST_DEVICES, devices);
  }
}
