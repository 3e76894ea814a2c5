package org.sled.device;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.TimeUnit;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.TokenIds;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a generation's session is opened: the first time with its prompt, after a lost connection
 * with a RESUME of what is committed. That goes without the tokens first, for the server may still
 * have them. Belongs to the draft thread.
 */
final class SessionOpening {
  /** How often in succession a server may be too busy to go on with a stream. */
  private static final int MAX_RETRIES = 32;

  private static final int DEFAULT_RETRY_MILLIS = 100;

  private static final Logger LOG = LoggerFactory.getLogger(SessionOpening.class);

  private final GenerationRequest request;
  private final SessionLink link;
  private final TokenHistory history;
  private final GenerationListener listener; // null: nobody wants to know
  private final GenerationMeter meter;

  private ServerInfo server; // the newest
  private boolean sameNumerics = true; // as the server before
  private boolean hasOpened;
  private int epoch;
  private long lostNanos;

  SessionOpening(
      GenerationRequest request,
      SessionLink link,
      TokenHistory history,
      GenerationListener listener,
      GenerationMeter meter) {
    this.request = request;
    this.link = link;
    this.history = history;
    this.listener = listener;
    this.meter = meter;
  }

  /** Notes that the connection is lost, and asks for another one. */
  void onLost(ConnectionLostException why) {
    lostNanos = link.nanoTime();
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
   */
  ServerInfo ask() throws InterruptedException, CancelledException {
    ServerInfo newServer = link.attach();
    sameNumerics = server == null || server.numericsId() == newServer.numericsId();
    server = newServer;
    epoch++;
    if (hasOpened) {
      link.resume(Resume.of(committed()).withoutTokens());
    } else {
      link.open(committed());
    }
    return server;
  }

  /**
   * Waits for the session to be open.
   *
   * @throws ConnectionLostException if there is no connection any more, or the server is leaving
   * @throws SledClientException if it refuses
   */
  Opened answer() throws InterruptedException, CancelledException {
    int retries = 0;
    while (true) {
      Object event = link.next("first token");
      if (event instanceof Opened opened) {
        check(opened);
        onOpened();
        return opened;
      }
      if (!(event instanceof ErrorMessage error)) {
        release(event);
        throw link.contradiction("it answered a block before it opened the session");
      }
      if (error.code() == ErrorCode.SHUTTING_DOWN) {
        link.avoid();
        throw new ConnectionLostException("the server is leaving: " + error.text());
      }
      if (!hasOpened) {
        throw Refusals.of(error);
      }
      switch (error.code()) {
        case RESUME_TOKENS -> link.resume(Resume.of(committed()));
        // A server from before RESUME.
        case UNSUPPORTED -> link.open(committed());
        case BUSY -> {
          if (++retries > MAX_RETRIES) {
            throw Refusals.of(error);
          }
          pause(error);
          link.resume(Resume.of(committed()).withoutTokens());
        }
        default -> throw Refusals.of(error);
      }
    }
  }

  private void pause(ErrorMessage busy) throws InterruptedException {
    int millis = busy.retryAfterMillis() > 0 ? busy.retryAfterMillis() : DEFAULT_RETRY_MILLIS;
    LOG.info("the server is busy: {}; again in {} ms", busy.text(), millis);
    link.pause(TimeUnit.MILLISECONDS.toNanos(millis));
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
        request.ignoreEnd() ? Open.IGNORE_EOG : 0,
        request.sampling(),
        0,
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
    if (!sameNumerics) {
      LOG.warn(
          "the stream goes on at {}, which computes otherwise (numerics id {}): its text may not be"
              + " what the server before would have given",
          server.address(),
          String.format("%016x", server.numericsId()));
    }
    if (lostNanos != 0) {
      long millis = TimeUnit.NANOSECONDS.toMillis(link.nanoTime() - lostNanos);
      LOG.info("the stream goes on at {}, after {} ms", server.address(), millis);
      lostNanos = 0;
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
