package org.sled.net.server;

import org.sled.net.limit.SlowestPeer;

/**
 * How the server's transport is set up. What concerns the client too (frame size, ping interval)
 * stands in WELCOME instead.
 *
 * @param host address to listen on
 * @param port TCP port, 0 for any free one
 * @param ioThreads event loops; they only move bytes, so few suffice
 * @param maxConnections connections at once; a further one is answered BUSY
 * @param handshakeTimeoutMillis time from connecting to HELLO
 * @param queueBytes bytes of answers that may wait per connection beside the channel's buffer, and
 *     {@link #QUEUE_BYTES_PER_SESSION} for each session that a connection may open
 * @param highWaterBytes bytes that the channel buffers per connection before answers wait; when as
 *     many wait behind them, the connection is not read until its peer has taken some
 * @param partialBytes bytes that frames of all connections may hold that have come in part
 * @param slowestPeer how long such a frame may take
 */
public record ServerOptions(
    String host,
    int port,
    int ioThreads,
    int maxConnections,
    int handshakeTimeoutMillis,
    int queueBytes,
    int highWaterBytes,
    long partialBytes,
    SlowestPeer slowestPeer) {

  /**
   * What a session may have outstanding: the tokens of a push's credit, in frames of one token, are
   * 64 times 180 bytes with what a queue needs for each.
   */
  public static final int QUEUE_BYTES_PER_SESSION = 16 * 1024;

  /**
   * The defaults: 2 event loops, 4096 connections, 10 s for the handshake, 1 MiB of answers, 64
   * KiB, 64 MiB of frames in part but no more than an eighth of the JVM's memory, {@link
   * SlowestPeer#DEFAULT}.
   *
   * <p>Buffers that come up against the JVM's limit for direct memory would stop the event loops:
   * the JVM then collects garbage and sleeps, half a second for each attempt.
   */
  public static ServerOptions of(String host, int port) {
    return new ServerOptions(
        host,
        port,
        2,
        4096,
        10_000,
        1024 * 1024,
        64 * 1024,
        Math.min(64L * 1024 * 1024, Runtime.getRuntime().maxMemory() / 8),
        SlowestPeer.DEFAULT);
  }

  /** A copy for fewer connections, or more. */
  public ServerOptions withMaxConnections(int connections) {
    return new ServerOptions(
        host,
        port,
        ioThreads,
        connections,
        handshakeTimeoutMillis,
        queueBytes,
        highWaterBytes,
        partialBytes,
        slowestPeer);
  }

  /** Refuses values under which nothing would work, and says which. */
  public ServerOptions {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("port is " + port + ", not within 0 to 65535");
    }
    requireAtLeast(1, ioThreads, "ioThreads");
    requireAtLeast(1, maxConnections, "maxConnections");
    requireAtLeast(1, handshakeTimeoutMillis, "handshakeTimeoutMillis");
    requireAtLeast(1024, queueBytes, "queueBytes");
    requireAtLeast(1024, highWaterBytes, "highWaterBytes");
  }

  private static void requireAtLeast(int least, int value, String name) {
    if (value < least) {
      throw new IllegalArgumentException(name + " is " + value + ", below " + least);
    }
  }
}
