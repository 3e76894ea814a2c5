package org.sled.simulator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import org.agrona.concurrent.NanoClock;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.Message;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.ServerTimes;
import org.sled.net.server.Connection;

/**
 * A device's connection to a {@link VirtualServer}, as both of them see it: what the server sends
 * is kept with its time until the device takes it. One session at a time is listened to.
 */
final class VirtualConnection implements Connection {
  /** Something that was sent, with the time at which it was: a frame or a message. */
  record Timed(long nanos, Object what) {}

  private final NanoClock clock;
  private final long overheadNanos;
  private final int number;
  private final Deque<Timed> answers = new ArrayDeque<>();
  private int session; // that is listened to; 0: none
  private int sessions; // that there were
  private boolean closed;
  private Object attachment;

  /**
   * Creates it.
   *
   * @param clock the server's
   * @param overheadNanos the server's time for a frame beside queueing and computing
   * @param number tells it from others
   */
  VirtualConnection(NanoClock clock, long overheadNanos, int number) {
    this.clock = clock;
    this.overheadNanos = overheadNanos;
    this.number = number;
  }

  // ---------------------------------------------------------------- the device's side

  /** A number for a session; only what is said to it is kept from now on. */
  int listen() {
    stopListening();
    sessions++;
    session = sessions;
    return session;
  }

  /** What is said to no session any more is dropped. */
  void stopListening() {
    session = 0;
    answers.forEach(answer -> ReferenceCountUtil.release(answer.what()));
    answers.clear();
  }

  /** What was said and nobody took yet, oldest first. */
  Deque<Timed> answers() {
    return answers;
  }

  // ---------------------------------------------------------------- the server's side

  private boolean say(int toSession, Object what) {
    if (closed || toSession != session) {
      ReferenceCountUtil.release(what);
      return !closed;
    }
    answers.add(new Timed(clock.nanoTime() + overheadNanos / 2, what));
    return true;
  }

  private int overheadMicros() {
    return (int) (overheadNanos / 1_000);
  }

  @Override
  public boolean send(Message message) {
    if (message instanceof ErrorMessage error) {
      return say(error.session(), error);
    }
    if (message instanceof Closed) {
      return !closed; // nobody waits for it
    }
    throw new IllegalStateException("no simulated device knows " + message);
  }

  @Override
  public boolean send(ByteBuf frame) {
    return say(FrameHeader.session(frame), frame);
  }

  @Override
  public boolean sendStamped(ByteBuf frame, long decodedNanos) {
    frame.setIntLE(ServerTimes.OVERHEAD_MICROS_OFFSET, overheadMicros());
    return send(frame);
  }

  @Override
  public boolean sendStamped(Message message, long decodedNanos) {
    Opened opened = (Opened) message;
    return say(
        opened.session(),
        new Opened(
            opened.session(),
            opened.epoch(),
            opened.price(),
            opened.alone(),
            opened.commonDrafts(),
            opened.queueMicros(),
            opened.computeMicros(),
            overheadMicros(),
            opened.committedLength(),
            opened.firstToken(),
            opened.finishReason(),
            opened.secret()));
  }

  @Override
  public ByteBufAllocator allocator() {
    return ByteBufAllocator.DEFAULT;
  }

  @Override
  public void closeWithError(ErrorMessage error) {
    closed = true;
  }

  @Override
  public void close(String reason) {
    closed = true;
    stopListening();
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  @Override
  public SocketAddress remoteAddress() {
    return InetSocketAddress.createUnresolved("virtual", number);
  }

  @Override
  public Future<?> schedule(Runnable action, long delayMillis) {
    throw new UnsupportedOperationException("prompts come in one frame");
  }

  @Override
  public void setSessions(int openSessions) {
    // Nobody is read too fast.
  }

  @Override
  public void handedOver() {
    // Nobody is read too fast.
  }

  @Override
  public void handled() {
    // Nobody is read too fast.
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
