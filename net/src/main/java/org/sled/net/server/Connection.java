package org.sled.net.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.net.SocketAddress;
import org.sled.net.channel.FrameChannel;
import org.sled.net.channel.PeerWatch;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.Message;

/** One client's connection, as the daemon sees it. Any thread may use it. */
public final class Connection {
  private final FrameChannel frames;
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
