package org.sled.net.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.concurrent.Future;
import java.net.SocketAddress;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.Message;

/** One client's connection, as the daemon sees it. Any thread may use it. */
public interface Connection {
  /** Encodes and sends a message; allocates. False if the connection is closed. */
  boolean send(Message message);

  /** Sends a frame and takes ownership of it. False if the connection is closed. */
  boolean send(ByteBuf frame);

  /**
   * Sends a frame that answers another one, and takes ownership of it.
   *
   * @param decodedNanos when that one was decoded: the server's overhead, which is stamped into the
   *     answer when it is written, counts from there
   * @return false if the connection is closed
   */
  boolean sendStamped(ByteBuf frame, long decodedNanos);

  /** Encodes and sends an OPENED that is stamped likewise; allocates. */
  boolean sendStamped(Message message, long decodedNanos);

  /** Where to get buffers for frames: pooled and direct. */
  ByteBufAllocator allocator();

  /** Sends what waits and the error, then closes; idempotent. */
  void closeWithError(ErrorMessage error);

  /** Closes at once; idempotent. */
  void close(String reason);

  /** Whether the connection is closed or about to be. */
  boolean isClosed();

  /** The client's address. */
  SocketAddress remoteAddress();

  /** Runs something on the connection's event loop later, even if it is closed by then. */
  Future<?> schedule(Runnable action, long delayMillis);

  /** How many sessions are open, by which what the client may send at a time is measured. */
  void setSessions(int openSessions);

  /**
   * A frame of this connection was handed to another thread. Who hands over more than its sessions
   * account for is not read until that thread has caught up.
   */
  void handedOver();

  /** A frame that was handed over is handled; it allocates only where reading goes on by it. */
  void handled();

  /** What the daemon keeps with this connection, or null. */
  Object attachment();

  /** Keeps something with this connection. */
  void setAttachment(Object value);
}
