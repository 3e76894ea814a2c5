package org.sled.device;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Resume;

/**
 * A session's way to a {@link VirtualServer} and back, in virtual time. While the device works, the
 * server does up to the device's time; where the device waits, time goes on to the next answer. So
 * one thread does for both. Belongs to it.
 */
final class VirtualLink implements SessionLink {
  private static final int SESSION = 1;

  private final VirtualClock clock;
  private final VirtualServer server;
  private final ServerInfo info;
  private final long upNanos;
  private final long downNanos;
  private int epoch;

  VirtualLink(VirtualClock clock, VirtualServer server, ServerInfo info, long roundTripNanos) {
    this.clock = clock;
    this.server = server;
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
    return SESSION;
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
        frame, SESSION, round, epoch, kvOffset, predecessor, 0, draftCount, history.get(kvOffset));
    history.copyTo(frame, kvOffset + 1, draftCount);
    send(frame);
  }

  @Override
  public void push(int committedLength, int credit) {
    send(new Push(SESSION, epoch, committedLength - 1, credit));
  }

  private void send(Object what) {
    server.receive(clock.nanoTime() + upNanos, what);
  }

  @Override
  public void close() {
    server.close();
  }

  @Override
  public boolean hasNews() {
    while (server.advance(clock.nanoTime())) {
      // What the device sends from now on, the server gets later.
    }
    VirtualServer.Timed first = server.answers().peek();
    return first != null && first.nanos() + downNanos <= clock.nanoTime();
  }

  @Override
  public Object next(String what) {
    while (server.answers().isEmpty()) {
      if (!server.advance(Long.MAX_VALUE)) {
        throw new ServerFaultException("the server has nothing to say, and no " + what);
      }
    }
    VirtualServer.Timed first = server.answers().poll();
    clock.advanceTo(first.nanos() + downNanos);
    return first.what();
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
