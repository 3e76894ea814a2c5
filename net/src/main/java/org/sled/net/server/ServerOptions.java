package org.sled.net.server;

/**
 * How the server's transport is set up. What concerns the client too (frame size, ping interval)
 * stands in WELCOME instead.
 *
 * @param host address to listen on
 * @param port TCP port, 0 for any free one
 * @param ioThreads event loops; they only move bytes, so few suffice
 * @param maxConnections connections at once; a further one is answered BUSY
 * @param handshakeTimeoutMillis time from connecting to HELLO
 * @param queueFrames frames that may wait per connection beside the channel's buffer
 * @param highWaterBytes bytes that the channel buffers per connection before frames wait
 */
public record ServerOptions(
    String host,
    int port,
    int ioThreads,
    int maxConnections,
    int handshakeTimeoutMillis,
    int queueFrames,
    int highWaterBytes) {

  /**
   * The defaults: 2 event loops, 4096 connections, 10 s for the handshake, 512 waiting frames (20
   * bytes each; a verdict for each of 64 sessions with a window of 8), 64 KiB.
   */
  public static ServerOptions of(String host, int port) {
    return new ServerOptions(host, port, 2, 4096, 10_000, 512, 64 * 1024);
  }

  /** Refuses values under which nothing would work, and says which. */
  public ServerOptions {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("port is " + port + ", not within 0 to 65535");
    }
    requireAtLeast(1, ioThreads, "ioThreads");
    requireAtLeast(1, maxConnections, "maxConnections");
    requireAtLeast(1, handshakeTimeoutMillis, "handshakeTimeoutMillis");
    requireAtLeast(2, queueFrames, "queueFrames");
    requireAtLeast(1024, highWaterBytes, "highWaterBytes");
  }

  private static void requireAtLeast(int least, int value, String name) {
    if (value < least) {
      throw new IllegalArgumentException(name + " is " + value + ", below " + least);
    }
  }
}
