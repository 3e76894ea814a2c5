package org.sled.device.session;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.TimeUnit;
import org.sled.device.ConnectionLostException;
import org.sled.device.GenerationListener;
import org.sled.device.GenerationRequest;
import org.sled.device.ServerInfo;
import org.sled.device.SledClientException;
import org.sled.device.UnreachableException;
import org.sled.device.link.GrowingPause;
import org.sled.device.link.Refusals;
import org.sled.device.link.SessionLink;
import org.sled.device.link.Uplinks;
import org.sled.device.stream.CancelledException;
import org.sled.device.stream.GenerationMeter;
import org.sled.device.stream.TokenHistory;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.Waiting;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a generation's session is opened: the first time with its prompt, after a lost connection
 * with a RESUME of what is committed. That goes without the tokens first, for the server may still
 * have them. Belongs to the draft thread.
 *
 * <p>No answer keeps it here for ever: each connection is asked in each form once, an outage ends
 * when the session is open and not when somebody answers, and waiting for room has a limit of its
 * own ({@link RoomSearch}).
 */
final class SessionOpening {
  /** Servers that cannot be reached are spared by {@link Uplinks}; here one answered. */
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** How a server is asked; what it does not take is followed by a later one. */
  private enum Form {
    /** RESUME without tokens. */
    SECRET,
    /** RESUME with all tokens. */
    TOKENS,
    /** The first time, and at a server from before RESUME. */
    OPEN
  }

  private static final Logger LOG = LoggerFactory.getLogger(SessionOpening.class);

  private final GenerationRequest request;
  private final SessionLink link;
  private final TokenHistory history;
  private final GenerationListener listener; // null: nobody wants to know
  private final GenerationMeter meter;
  private final long outageNanos;
  private final RoomSearch room;

  private ServerInfo server; // the newest
  private boolean sameNumerics = true; // as the server before
  private boolean hasOpened;
  private StreamSecret secret = StreamSecret.NONE; // of the newest opening
  private int epoch;
  private Form form; // as was asked last
  private Object early; // an answer that was found before anybody waited for it; null: none

  // The outage: from a lost connection until the session is open again.
  private ConnectionLostException lost; // the newest; null: there is none
  private long lostNanos; // when it began

  /** Grows with connections that do not get as far as the session. */
  private final GrowingPause pause = new GrowingPause(LONGEST_PAUSE_NANOS);

  SessionOpening(
      GenerationRequest request,
      SessionLink link,
      TokenHistory history,
      GenerationListener listener,
      GenerationMeter meter,
      Patience patience) {
    this.request = request;
    this.link = link;
    this.history = history;
    this.listener = listener;
    this.meter = meter;
    outageNanos = patience.outageTimeout().toNanos();
    room = new RoomSearch(link, patience, listener);
  }

  /** Notes that the connection is lost, and asks for another one. */
  void onLost(ConnectionLostException why) {
    if (lost == null) {
      lostNanos = link.nanoTime();
    } else {
      pause.grow();
    }
    lost = why;
    LOG.warn("{}", why.getMessage());
    if (listener != null) {
      listener.connectionLost(why.getMessage());
    }
    link.connect();
  }

  /**
   * Waits for the connection, and asks the server to open the session.
   *
   * @return what the server says of itself
   * @throws SledClientException if there is none in time, or servers refuse
   */
  ServerInfo ask() throws InterruptedException, CancelledException {
    if (pause.nanos() > 0) {
      link.pause(pause.nanos());
      link.connect(); // where connections are cut often, the one that came meanwhile is lost again
    }
    ServerInfo newServer = link.attach(outageLeftNanos());
    sameNumerics = server == null || server.numericsId() == newServer.numericsId();
    server = newServer;
    epoch++;
    early = null;
    room.asks();
    send(hasOpened ? Form.SECRET : Form.OPEN);
    return server;
  }

  private long outageLeftNanos() {
    if (lost == null) {
      return outageNanos;
    }
    long left = outageNanos - (link.nanoTime() - lostNanos);
    if (left <= 0) {
      throw new UnreachableException(
          "no server went on with the text within "
              + TimeUnit.NANOSECONDS.toSeconds(outageNanos)
              + " s; the last try: "
              + lost.getMessage(),
          lost);
    }
    return left;
  }

  private void send(Form next) {
    form = next;
    switch (next) {
      case SECRET -> link.resume(Resume.of(committed()).withoutTokens(secret));
      case TOKENS -> link.resume(Resume.of(committed()));
      case OPEN -> link.open(committed());
    }
  }

  /** The server does not take the form in which it was asked. */
  private void sendInstead(Form next, ErrorMessage answer) {
    if (!hasOpened || next.compareTo(form) <= 0) {
      throw form == Form.TOKENS && hasOpened
          ? link.contradiction("it asks for tokens that it was sent: " + answer.text())
          : Refusals.of(answer);
    }
    send(next);
  }

  /** Whether there is something for {@link #answer}: not if the server only says where it waits. */
  boolean hasAnswer() throws InterruptedException, CancelledException {
    while (early == null && link.hasNews()) {
      Object event = link.next("first token");
      if (event instanceof Waiting waiting) {
        onWaiting(waiting);
      } else {
        early = event;
      }
    }
    return early != null;
  }

  /**
   * Waits for the session to be open.
   *
   * @return null if this server has no room: {@link #ask} the next one
   * @throws ConnectionLostException if there is no connection any more, or the server is leaving
   * @throws SledClientException if it refuses
   */
  Opened answer() throws InterruptedException, CancelledException {
    while (true) {
      Object event = nextEvent();
      if (event instanceof Opened opened) {
        check(opened);
        secret = opened.secret();
        onOpened();
        return opened;
      }
      if (event instanceof Waiting waiting) {
        onWaiting(waiting);
        continue;
      }
      if (!(event instanceof ErrorMessage error)) {
        release(event);
        throw link.contradiction("it answered a block before it opened the session");
      }
      switch (error.code()) {
        case SHUTTING_DOWN -> {
          link.avoid();
          throw new ConnectionLostException("the server is leaving: " + error.text());
        }
        case RESUME_TOKENS -> sendInstead(Form.TOKENS, error);
        case UNSUPPORTED -> sendInstead(Form.OPEN, error);
        case BUSY -> {
          noOutage();
          room.onBusy(error, hasOpened);
          link.connect();
          return null;
        }
        default -> throw Refusals.of(error);
      }
    }
  }

  private Object nextEvent() throws InterruptedException, CancelledException {
    if (early != null) {
      Object event = early;
      early = null;
      return event;
    }
    return room.isInLine() ? room.next() : link.next("first token");
  }

  private void onWaiting(Waiting waiting) {
    if (waiting.epoch() == epoch) {
      noOutage();
      room.onWaiting(waiting);
    }
  }

  /** There is a server, if only one without room: its limit is another one. */
  private void noOutage() {
    if (lost != null) {
      lostNanos = link.nanoTime();
    }
  }

  /** All that is committed, as a prompt, and what is still wanted. */
  private Open committed() {
    int length = history.committedLength();
    int[] ids = new int[length];
    for (int i = 0; i < length; i++) {
      ids[i] = history.get(i);
    }
    int given = length - request.prompt().count();
    return new Open(
        link.session(),
        epoch,
        request.maxTokens() == 0 ? 0 : request.maxTokens() - given,
        (request.ignoreEnd() ? Open.IGNORE_EOG : 0) | (room.waits(hasOpened) ? Open.WAIT : 0),
        request.sampling(),
        length,
        TokenIds.of(ids));
  }

  private void check(Opened opened) {
    int expected = history.committedLength() + 1;
    if (opened.epoch() != epoch || opened.committedLength() != expected) {
      throw link.contradiction(
          "it opened epoch "
              + opened.epoch()
              + " at "
              + opened.committedLength()
              + " tokens, not "
              + expected);
    }
  }

  private void onOpened() {
    room.found();
    if (!sameNumerics) {
      LOG.warn(
          "the stream goes on at {}, which computes otherwise (numerics id {}): its text may not be"
              + " what the server before would have given",
          server.address(),
          String.format("%016x", server.numericsId()));
    }
    if (lost != null) {
      long millis = TimeUnit.NANOSECONDS.toMillis(link.nanoTime() - lostNanos);
      LOG.info("the stream goes on at {}, after {} ms", server.address(), millis);
      lost = null;
      pause.reset();
      meter.resumed();
      if (listener != null) {
        listener.resumed(server, sameNumerics);
      }
    }
    hasOpened = true;
  }

  private static void release(Object event) {
    if (event instanceof ByteBuf frame) {
      frame.release();
    }
  }
}
