package org.sled.device.link;

import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.sled.device.ServerFaultException;
import org.sled.device.ServerInfo;
import org.sled.device.SledClientException;
import org.sled.device.UnreachableException;
import org.sled.device.stream.CancelledException;
import org.sled.device.stream.GenerationMeter;
import org.sled.device.stream.TokenHistory;
import org.sled.net.client.ClientConnection;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.Waiting;

/** A session's way to its server over the network. Belongs to the draft thread. */
public final class ServerLink implements SessionLink, Uplinks.Waiter {
  /** Frame lengths, for counting bytes. */
  private static final int OPENED_BYTES = 68;

  private static final int WAITING_BYTES = 28;
  private static final int PUSH_BYTES = 28;
  private static final int CLOSE_BYTES = 20;

  private final Uplinks uplinks;
  private final SessionInbox inbox;
  private final GenerationMeter meter;
  private final Duration answerTimeout;
  private final int session;

  private int number; // of the connection, as the inbox counts
  private Uplink uplink; // null: not attached
  private ClientConnection connection;
  private int epoch;

  /**
   * Creates the link of one session.
   *
   * @param answerTimeout how long one answer may take
   */
  public ServerLink(
      Uplinks uplinks, SessionInbox inbox, GenerationMeter meter, Duration answerTimeout) {
    this.uplinks = uplinks;
    this.inbox = inbox;
    this.meter = meter;
    this.answerTimeout = answerTimeout;
    this.session = inbox.session();
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  // ---------------------------------------------------------------- connections

  @Override
  public void connect() {
    detach();
    number = inbox.nextConnection();
    uplinks.await(this);
  }

  /** From {@link Uplinks}. */
  @Override
  public void connected(Uplink newUplink) {
    inbox.offer(number, newUplink, System.nanoTime());
  }

  /** From {@link Uplinks}. */
  @Override
  public void failed(SledClientException why) {
    inbox.offer(number, why, System.nanoTime());
  }

  @Override
  public ServerInfo attach(long mostNanos) throws InterruptedException, CancelledException {
    Object event = inbox.take(mostNanos);
    if (event == null) {
      throw new UnreachableException(
          "no server was there within "
              + TimeUnit.NANOSECONDS.toSeconds(mostNanos)
              + " s; check that one runs, and the network",
          null);
    }
    if (event instanceof SledClientException failure) {
      throw failure;
    }
    uplink = (Uplink) event;
    connection = uplink.connection();
    uplink.router().add(inbox, number);
    return uplink.info();
  }

  @Override
  public long roundTripNanos() {
    return connection.roundTripNanos();
  }

  @Override
  public void measure() {
    connection.measure();
  }

  @Override
  public void avoid() {
    uplink.avoid();
  }

  @Override
  public int servers() {
    return uplinks.servers();
  }

  @Override
  public void leaveFull(long nanos) {
    uplinks.leaveFull(uplink, nanos);
  }

  @Override
  public boolean isRedirected() {
    return uplink != null && uplink.router().redirect() != null;
  }

  private void detach() {
    if (uplink != null) {
      uplink.router().remove(inbox);
      uplink = null;
    }
    uplinks.withdraw(this);
  }

  // ---------------------------------------------------------------- to the server

  @Override
  public int session() {
    return session;
  }

  @Override
  public void open(Open open) {
    epoch = open.epoch();
    meter.bytesUp(Open.frameBytes(open.sampling(), open.prompt().count()));
    sent(connection.open(open));
  }

  @Override
  public void resume(Resume resume) {
    Open open = resume.open();
    epoch = open.epoch();
    meter.bytesUp(resume.frameBytes());
    sent(connection.resume(resume));
  }

  @Override
  public void block(
      int round, int predecessor, TokenHistory history, int kvOffset, int draftCount) {
    int bytes = DraftFrame.lengthBytes(draftCount);
    ByteBuf frame = connection.allocator().directBuffer(bytes);
    DraftFrame.writeHead(
        frame, session, round, epoch, kvOffset, predecessor, 0, draftCount, history.get(kvOffset));
    history.copyTo(frame, kvOffset + 1, draftCount);
    meter.bytesUp(bytes);
    sent(connection.send(frame));
  }

  @Override
  public void push(int committedLength, int credit) {
    meter.bytesUp(PUSH_BYTES);
    sent(connection.send(new Push(session, epoch, committedLength - 1, credit)));
  }

  @Override
  public void close() {
    if (uplink != null) {
      meter.bytesUp(CLOSE_BYTES);
      connection.send(new Close(session, epoch));
    }
    detach();
    inbox.close();
  }

  private void sent(boolean accepted) {
    if (!accepted) {
      inbox.lost(number, connection.closeReason());
    }
  }

  // ---------------------------------------------------------------- from the server

  @Override
  public boolean hasNews() {
    return inbox.hasNews();
  }

  @Override
  public Object next(String what) throws InterruptedException, CancelledException {
    Object event = poll(answerTimeout.toNanos());
    if (event == null) {
      throw new ServerFaultException(
          "no "
              + what
              + " within "
              + answerTimeout.toSeconds()
              + " s; the server is overloaded or stuck: look at its load, or wait longer");
    }
    return event;
  }

  @Override
  public Object poll(long mostNanos) throws InterruptedException, CancelledException {
    Object event = inbox.take(mostNanos);
    if (event instanceof ByteBuf frame) {
      meter.bytesDown(frame.readableBytes());
    } else if (event != null) {
      meter.bytesDown(event instanceof Waiting ? WAITING_BYTES : OPENED_BYTES);
    }
    return event;
  }

  @Override
  public long arrivalNanos() {
    return inbox.takenArrivalNanos();
  }

  @Override
  public void pause(long nanos) throws InterruptedException {
    inbox.pause(nanos + ThreadLocalRandom.current().nextLong(1 + nanos / 2));
  }

  public static boolean isVerdict(ByteBuf frame) {
    return FrameHeader.typeNumber(frame) == FrameType.VERDICT.number();
  }

  @Override
  public ServerFaultException contradiction(String what) {
    String text = "the server contradicts itself: " + what;
    connection.send(ErrorMessage.fatal(ErrorCode.MALFORMED, text));
    connection.close();
    return new ServerFaultException(
        text + "; the connection was closed. Do both sides run the same version of SLED?");
  }
}
