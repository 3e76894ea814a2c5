package org.sled.simulator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.sled.device.ServerFaultException;
import org.sled.device.ServerInfo;
import org.sled.device.link.SessionLink;
import org.sled.device.stream.TokenHistory;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Resume;

/**
 * A session's way to a {@link VirtualServer} and back, in virtual time. While the device works, the
 * server and other devices do up to the device's time; where the device waits, time goes on to the
 * next answer. Belongs to the device's thread, and is looked at by others while that waits.
 */
final class VirtualLink implements SessionLink {
  private final VirtualClock clock;
  private final VirtualTurns turns;
  private final int device;
  private final VirtualConnection connection;
  private final int session;
  private final ServerInfo info;
  private final long upNanos;
  private final long downNanos;
  private int epoch;
  private long arrivalNanos; // of the answer that was taken last

  /**
   * Creates it.
   *
   * @param device whose turns these are
   * @param connection to the turns' server, which is this session's alone for now
   */
  VirtualLink(
      VirtualClock clock,
      VirtualTurns turns,
      int device,
      VirtualConnection connection,
      ServerInfo info,
      long roundTripNanos) {
    this.clock = clock;
    this.turns = turns;
    this.device = device;
    this.connection = connection;
    session = connection.listen();
    this.info = info;
    upNanos = roundTripNanos / 2;
    downNanos = roundTripNanos - upNanos;
  }

  @Override
  public long nanoTime() {
    return clock.nanoTime();
  }

  @Override
  public void connect() {
    // It always is.
  }

  @Override
  public ServerInfo attach(long mostNanos) {
    return info;
  }

  @Override
  public long roundTripNanos() {
    return upNanos + downNanos;
  }

  @Override
  public void measure() {
    // It is known.
  }

  @Override
  public void avoid() {
    throw new IllegalStateException("there is one server only");
  }

  @Override
  public int servers() {
    return 1;
  }

  @Override
  public void leaveFull(long nanos) {
    // There is no other one.
  }

  @Override
  public boolean isRedirected() {
    return false;
  }

  @Override
  public int session() {
    return session;
  }

  @Override
  public void open(Open open) {
    epoch = open.epoch();
    send(open);
  }

  @Override
  public void resume(Resume resume) {
    throw new IllegalStateException("no connection was lost");
  }

  @Override
  public void block(
      int round, int predecessor, TokenHistory history, int kvOffset, int draftCount) {
    ByteBuf frame = ByteBufAllocator.DEFAULT.directBuffer(DraftFrame.lengthBytes(draftCount));
    DraftFrame.writeHead(
        frame, session, round, epoch, kvOffset, predecessor, 0, draftCount, history.get(kvOffset));
    history.copyTo(frame, kvOffset + 1, draftCount);
    send(frame);
  }

  @Override
  public void push(int committedLength, int credit) {
    send(new Push(session, epoch, committedLength - 1, credit));
  }

  private void send(Object what) {
    turns.server().receive(clock.nanoTime() + upNanos, connection, what);
  }

  @Override
  public void close() {
    connection.stopListening();
    send(new Close(session, epoch));
  }

  /** When the next answer is at the device; {@link Long#MAX_VALUE} while there is none. */
  long answerNanos() {
    VirtualConnection.Timed first = connection.answers().peek();
    return first == null ? Long.MAX_VALUE : first.nanos() + downNanos;
  }

  @Override
  public boolean hasNews() {
    // What the device sends from now on, the server gets later.
    turns.reach(device, clock.nanoTime());
    return answerNanos() <= clock.nanoTime();
  }

  @Override
  public Object next(String what) {
    if (connection.answers().isEmpty()) {
      turns.awaitAnswer(device, this);
    }
    arrivalNanos = answerNanos();
    clock.advanceTo(arrivalNanos);
    return connection.answers().poll().what();
  }

  @Override
  public long arrivalNanos() {
    return arrivalNanos;
  }

  @Override
  public Object poll(long mostNanos) {
    return next("answer");
  }

  @Override
  public void pause(long nanos) {
    clock.advanceTo(clock.nanoTime() + nanos);
  }

  @Override
  public ServerFaultException contradiction(String what) {
    return new ServerFaultException("the server contradicts itself: " + what);
  }
}
