package org.sled.net.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.concurrent.Future;
import java.net.SocketAddress;
import java.util.concurrent.atomic.AtomicInteger;
import org.sled.net.channel.FrameChannel;
import org.sled.net.channel.PeerWatch;
import org.sled.net.channel.ReadGate;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.Message;

/** One client's connection, as the daemon sees it. Any thread may use it. */
public final class Connection {
  /** Frames that may wait for another thread beside those of open sessions: OPENs, say. */
  private static final int UNHANDLED_FRAMES = 64;

  /** The same for each open session: twice the blocks that a session may have waiting. */
  private static final int UNHANDLED_FRAMES_PER_SESSION = 32;

  private final FrameChannel frames;
  private final AtomicInteger unhandled = new AtomicInteger();
  private final Runnable readOn = this::readOn;
  private volatile boolean behind;
  private volatile int sessions;
  private volatile PeerWatch watch;
  private volatile Object attachment;

  Connection(FrameChannel frames) {
    this.frames = frames;
  }

  /** Whether the handshake is done. */
  boolean isWelcomed() {
    return watch != null;
  }

  void watchedBy(PeerWatch peerWatch) {
    watch = peerWatch;
  }

  /** How many sessions are open, by which what the client may send at a time is measured. */
  public void setSessions(int openSessions) {
    sessions = openSessions;
  }

  int sessions() {
    return sessions;
  }

  /**
   * A frame of this connection was handed to another thread. Who hands over more than its sessions
   * account for is not read until that thread has caught up.
   */
  public void handedOver() {
    unhandled.incrementAndGet();
  }

  /** A frame that was handed over is handled; it allocates only where reading goes on by it. */
  public void handled() {
    if (unhandled.decrementAndGet() <= mostUnhandled() / 2 && behind) {
      frames.execute(readOn);
    }
  }

  private int mostUnhandled() {
    return UNHANDLED_FRAMES + UNHANDLED_FRAMES_PER_SESSION * sessions;
  }

  /** Event loop: stops reading while too much is unhandled. */
  void waitForHandlers() {
    if (unhandled.get() > mostUnhandled()) {
      behind = true;
      frames.gate().close(ReadGate.Reason.UNHANDLED);
      if (unhandled.get() <= mostUnhandled() / 2) {
        readOn(); // all was handled just before anybody could see the flag
      }
    }
  }

  private void readOn() {
    behind = false;
    frames.gate().open(ReadGate.Reason.UNHANDLED);
  }

  /** Runs something on the connection's event loop later, even if it is closed by then. */
  public Future<?> schedule(Runnable action, long delayMillis) {
    return frames.schedule(action, delayMillis);
  }

  /** Where to get buffers for frames: pooled and direct. */
  public ByteBufAllocator allocator() {
    return frames.allocator();
  }

  /** Sends a frame and takes ownership of it; see {@link FrameChannel#send(ByteBuf)}. */
  public boolean send(ByteBuf frame) {
    return frames.send(frame);
  }

  /** Sends a frame whose overhead is stamped; see {@link FrameChannel#sendStamped}. */
  public boolean sendStamped(ByteBuf frame, long decodedNanos) {
    return frames.sendStamped(frame, decodedNanos);
  }

  /** Encodes and sends a message; allocates. */
  public boolean send(Message message) {
    return frames.send(message);
  }

  /** Encodes and sends an OPENED whose overhead is stamped; allocates. */
  public boolean sendStamped(Message message, long decodedNanos) {
    return frames.sendStamped(message, decodedNanos);
  }

  /** Sends what waits and the error, then closes; idempotent. */
  public void closeWithError(ErrorMessage error) {
    frames.closeWithError(error);
  }

  /** Closes at once; idempotent. */
  public void close(String reason) {
    frames.close(reason);
  }

  /** Whether the connection is closed or about to be. */
  public boolean isClosed() {
    return frames.isClosed();
  }

  /** The client's address. */
  public SocketAddress remoteAddress() {
    return frames.remoteAddress();
  }

  /** Bytes read so far. */
  public long bytesIn() {
    return frames.bytesIn();
  }

  /** Bytes written so far. */
  public long bytesOut() {
    return frames.bytesOut();
  }

  /** The last measured round trip, ns, or -1 before the first. */
  public long roundTripNanos() {
    PeerWatch current = watch;
    return current == null ? -1 : current.roundTripNanos();
  }

  /** What the daemon keeps with this connection, or null. */
  public Object attachment() {
    return attachment;
  }

  /** Keeps something with this connection. */
  public void setAttachment(Object value) {
    attachment = value;
  }
}
