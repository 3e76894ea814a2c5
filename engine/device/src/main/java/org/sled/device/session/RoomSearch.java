package org.sled.device.session;

import java.util.concurrent.TimeUnit;
import org.sled.device.Busy;
import org.sled.device.BusyException;
import org.sled.device.GenerationListener;
import org.sled.device.link.GrowingPause;
import org.sled.device.link.Refusals;
import org.sled.device.link.SessionLink;
import org.sled.device.stream.CancelledException;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.Waiting;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a generation does at servers without room: asks each of them whether it has any, and then
 * waits at the preferred one, in its line where it keeps one. Belongs to the draft thread.
 */
final class RoomSearch {
  /** Between questions to a server that does not say when there may be room. */
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final Logger LOG = LoggerFactory.getLogger(RoomSearch.class);

  private final SessionLink link;
  private final GenerationListener listener; // null: nobody wants to know
  private final boolean mayWait;
  private final long mostNanos;

  private boolean searches; // since the first answer that there is no room
  private long sinceNanos; // when that was
  private int answers; // that there is no room, since then
  private final GrowingPause pause = new GrowingPause(LONGEST_PAUSE_NANOS);
  private boolean inLine;
  private boolean toldOfWait; // the listener knows that it waits
  private int place; // that was told last; 0: none
  private int retryMillis; // when there may be room, as was told last; 0: not known

  RoomSearch(SessionLink link, Patience patience, GenerationListener listener) {
    this.link = link;
    this.listener = listener;
    mayWait = patience.busy() == Busy.WAIT;
    mostNanos = patience.busyTimeout().toNanos();
  }

  /**
   * Whether the server that is asked now is to keep it waiting: once all have said that they have
   * no room, and at once where there is only one.
   *
   * @param hasBegun a text that has begun waits in any case
   */
  boolean waits(boolean hasBegun) {
    if (!mayWait && !hasBegun) {
      return false;
    }
    int servers = link.servers();
    return servers == 1 || answers >= servers;
  }

  /** Another server is asked, or the same anew. */
  void asks() {
    inLine = false;
  }

  /**
   * A server has no room, and keeps nobody waiting. Returns when the next one may be asked.
   *
   * @throws BusyException if none is to be
   */
  void onBusy(ErrorMessage busy, boolean hasBegun) throws InterruptedException {
    boolean waited = waits(hasBegun);
    begin();
    inLine = false;
    place = 0;
    retryMillis = busy.retryAfterMillis();
    answers++;
    if (answers >= link.servers()) {
      if (!mayWait && !hasBegun) {
        throw Refusals.of(busy);
      }
      requireTime(busy.text());
    }
    link.leaveFull(TimeUnit.MILLISECONDS.toNanos(retryMillis));
    if (waited) {
      pause(busy.text());
    }
  }

  private void pause(String why) throws InterruptedException {
    long nanos = Math.max(pause.grow(), TimeUnit.MILLISECONDS.toNanos(retryMillis));
    // A pause may be half as long again, and there is to be time for a last try.
    nanos = Math.max(0, Math.min(nanos, leftNanos() * 2 / 3));
    LOG.info("no room: {}; again in {} ms", why, TimeUnit.NANOSECONDS.toMillis(nanos));
    tell(0, TimeUnit.NANOSECONDS.toMillis(nanos));
    link.pause(nanos);
  }

  /** A server says where it waits, or that it does not any more. */
  void onWaiting(Waiting waiting) {
    begin();
    inLine = waiting.place() > 0;
    place = waiting.place();
    retryMillis = waiting.estimateMillis();
    if (!inLine) {
      end();
    } else {
      LOG.debug("waits for room at place {}", place);
      tell(place, waiting.estimateMillis());
    }
  }

  private void tell(int toldPlace, long estimateMillis) {
    toldOfWait = true;
    if (listener != null) {
      listener.waiting(toldPlace, estimateMillis);
    }
  }

  /** Whether the server keeps it waiting now. */
  boolean isInLine() {
    return inLine;
  }

  /**
   * What the server says next, while it waits there.
   *
   * @throws BusyException if that takes too long
   */
  Object next() throws InterruptedException, CancelledException {
    requireTime("it waited at place " + place);
    Object event = link.poll(leftNanos());
    if (event == null) {
      requireTime("it waited at place " + place);
    }
    return event;
  }

  /** The session is open. */
  void found() {
    if (searches) {
      end();
    }
  }

  private void begin() {
    if (!searches) {
      searches = true;
      sinceNanos = link.nanoTime();
    }
  }

  private void end() {
    searches = false;
    inLine = false;
    answers = 0;
    pause.reset();
    if (toldOfWait && listener != null) {
      listener.admitted();
    }
    toldOfWait = false;
  }

  private long leftNanos() {
    return mostNanos - (link.nanoTime() - sinceNanos);
  }

  private void requireTime(String state) {
    if (leftNanos() <= 0) {
      throw new BusyException(
          "no server had room within "
              + TimeUnit.NANOSECONDS.toMillis(mostNanos) / 1e3
              + " s: "
              + state
              + ". Wait longer, or give the server more sessions",
          retryMillis);
    }
  }
}
