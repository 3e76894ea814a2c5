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

/** A connection over a Netty channel. Any thread may use it. */
final class ChannelConnection implements Connection {
  /** Frames that may wait for another thread beside those of open sessions: OPENs, say. */
  private static final int UNHANDLED_FRAMES = 64;

  /** Unhandled frames for each open session: twice the blocks that a session may have waiting. */
  private static final int UNHANDLED_FRAMES_PER_SESSION = 32;

  private final FrameChannel frames;
  private final AtomicInteger unhandled = new AtomicInteger();
  private final Runnable readOn = this::readOn;
  private volatile boolean behind;
  private volatile int sessions;
  private volatile PeerWatch watch;
  private volatile Object attachment;

  ChannelConnection(FrameChannel frames) {
    this.frames = frames;
  }

  /** Whether the handshake is done. */
  boolean isWelcomed() {
    return watch != null;
  }

  void watchedBy(PeerWatch peerWatch) {
    watch = peerWatch;
  }

  @Override
  public void setSessions(int openSessions) {
    sessions = openSessions;
  }

  int sessions() {
    return sessions;
  }

  @Override
  public void handedOver() {
    unhandled.incrementAndGet();
  }

  @Override
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

  @Override
  public Future<?> schedule(Runnable action, long delayMillis) {
    return frames.schedule(action, delayMillis);
  }

  @Override
  public ByteBufAllocator allocator() {
    return frames.allocator();
  }

  @Override
  public boolean send(ByteBuf frame) {
    return frames.send(frame);
  }

  @Override
  public boolean sendStamped(ByteBuf frame, long decodedNanos) {
    return frames.sendStamped(frame, decodedNanos);
  }

  @Override
  public boolean send(Message message) {
    return frames.send(message);
  }

  @Override
  public boolean sendStamped(Message message, long decodedNanos) {
    return frames.sendStamped(message, decodedNanos);
  }

  @Override
  public void closeWithError(ErrorMessage error) {
    frames.closeWithError(error);
  }

  @Override
  public void close(String reason) {
    frames.close(reason);
  }

  @Override
  public boolean isClosed() {
    return frames.isClosed();
  }

  @Override
  public SocketAddress remoteAddress() {
    return frames.remoteAddress();
  }

  /** Bytes read so far. */
  long bytesIn() {
    return frames.bytesIn();
  }

  /** Bytes written so far. */
  long bytesOut() {
    return frames.bytesOut();
  }

  /** The last measured round trip, ns, or -1 before the first. */
  long roundTripNanos() {
    PeerWatch current = watch;
    return current == null ? -1 : current.roundTripNanos();
  }

  @Override
  public Object attachment() {
    return attachment;
  }

  @Override
  public void setAttachment(Object value) {
    attachment = value;
  }
}
