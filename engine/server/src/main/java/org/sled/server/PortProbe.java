package org.sled.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Tells whether a daemon can listen on its port, before it loads its model for minutes. */
final class PortProbe {
  private PortProbe() {}

  /**
   * Binds the port and frees it again. Somebody may still take it before the daemon does: then that
   * fails with a sentence of its own.
   *
   * @throws IOException if it cannot be bound; the text says what to do
   */
  static void requireFree(ServerConfig config) throws IOException {
    if (config.port() == 0) {
      return;
    }
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(InetAddress.getByName(config.host()), config.port()));
    } catch (IOException e) {
      throw new IOException(
          "cannot listen on "
              + config.host()
              + ":"
              + config.port()
              + ": "
              + e.getMessage()
              + "; is another daemon running there? Choose another port with --listen",
          e);
    }
  }
}
