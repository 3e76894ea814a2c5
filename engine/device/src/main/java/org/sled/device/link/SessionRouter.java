package org.sled.device.link;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.sled.net.client.ClientListener;
import org.sled.net.limit.LogLimit;
import org.sled.net.limit.Quoted;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.GoAway;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Redirect;
import org.sled.net.protocol.VocabularyPart;
import org.sled.net.protocol.Waiting;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the inbox of each frame. Callbacks come on the connection's event loop; {@link #add} and
 * {@link #remove} from any thread.
 */
public final class SessionRouter implements ClientListener {
  private static final Logger LOG = LoggerFactory.getLogger(SessionRouter.class);

  private static final int COMPLAINTS = 5;
  private static final long COMPLAINTS_PERIOD_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final LogLimit complaints = new LogLimit(COMPLAINTS, COMPLAINTS_PERIOD_NANOS);

  /**
   * Whose frames come over this connection.
   *
   * @param number of this connection, as the inbox counts
   */
  private record Route(SessionInbox inbox, int number) {
    boolean offer(Object event, long arrivalNanos) {
      return inbox.offer(number, event, arrivalNanos);
    }

    void lost(String reason) {
      inbox.lost(number, reason);
    }
  }

  /** Replaced as a whole: a device has few sessions, and looking one up must not allocate. */
  private volatile Route[] routes = {};

  private volatile GoAway goAway;
  private volatile Redirect redirect;
  private volatile Runnable disconnect = () -> {};
  private volatile String lostReason;
  private volatile VocabularyDownload download; // null: none at work

  /** From now on the frames of a session go there, as those of its connection of that number. */
  synchronized void add(SessionInbox inbox, int number) {
    Route route = new Route(inbox, number);
    Route[] more = Arrays.copyOf(routes, routes.length + 1);
    more[routes.length] = route;
    routes = more;
    // The connection may have ended before anybody could tell this one.
    if (lostReason != null) {
      route.lost(lostReason);
    }
  }

  synchronized void remove(SessionInbox inbox) {
    routes = Arrays.stream(routes).filter(other -> other.inbox != inbox).toArray(Route[]::new);
    leaveIfDone();
  }

  /** From now on the connection's own answers go there; null for nowhere. */
  public synchronized void download(VocabularyDownload newDownload) {
    download = newDownload;
    if (lostReason != null && newDownload != null) {
      newDownload.onLost(lostReason);
    }
  }

  /** How to close the connection, once there is one. */
  synchronized void disconnectBy(Runnable action) {
    disconnect = action;
    leaveIfDone();
  }

  /** A server that drains waits for its clients: those with nothing to do had better go. */
  private synchronized void leaveIfDone() {
    if ((goAway != null || redirect != null) && routes.length == 0) {
      disconnect.run();
    }
  }

  /** What the server said when it announced to leave, or null. */
  GoAway goAway() {
    return goAway;
  }

  /** Where the server sends its clients, or null. */
  Redirect redirect() {
    return redirect;
  }

  private Route find(int session) {
    for (Route route : routes) {
      if (route.inbox.session() == session) {
        return route;
      }
    }
    return null; // cancelled or finished: what still comes for it is late
  }

  private void deliver(int session, Object event, long arrivalNanos) {
    Route route = find(session);
    if (route == null) {
      if (event instanceof ByteBuf frame) {
        frame.release();
      }
    } else if (!route.offer(event, arrivalNanos)) {
      route.lost("the server sends more than it was asked for");
      disconnect.run();
    }
  }

  @Override
  public void onOpened(Opened opened, long receivedNanos) {
    deliver(opened.session(), opened, receivedNanos);
  }

  @Override
  public void onVerdict(int session, ByteBuf verdict, long receivedNanos) {
    deliver(session, verdict, receivedNanos);
  }

  @Override
  public void onTokens(int session, ByteBuf tokens, long receivedNanos) {
    deliver(session, tokens, receivedNanos);
  }

  @Override
  public void onWaiting(Waiting waiting) {
    deliver(waiting.session(), waiting, System.nanoTime());
  }

  @Override
  public void onClosed(Closed closed) {
    LOG.debug("session {} is closed at {} tokens", closed.session(), closed.committedLength());
  }

  @Override
  public void onError(ErrorMessage error) {
    if (error.session() != 0) {
      deliver(error.session(), error, System.nanoTime());
      return;
    }
    VocabularyDownload asking = download;
    if (asking != null) {
      asking.onAnswer(error);
    } else {
      long leftOut = complaints.admit(System.nanoTime());
      if (leftOut != LogLimit.LEFT_OUT) {
        LOG.warn(
            "the server says {}: {}{}",
            error.code(),
            Quoted.of(error.text()),
            LogLimit.more(leftOut));
      }
    }
  }

  @Override
  public void onVocabularyPart(VocabularyPart part) {
    VocabularyDownload asking = download;
    if (asking != null) {
      asking.onAnswer(part);
    }
  }

  @Override
  public void onGoAway(GoAway message) {
    if (goAway == null) { // once, however often it says so
      LOG.info("the server is about to leave: {}", Quoted.of(message.text()));
    }
    goAway = message;
    leaveIfDone();
  }

  @Override
  public synchronized void onRedirect(Redirect message) {
    redirect = message;
    lostReason = "the server sends its clients to " + message.host() + ", port " + message.port();
    LOG.info("{}", lostReason);
    for (Route route : routes) {
      route.lost(lostReason);
    }
    leaveIfDone();
  }

  @Override
  public synchronized void onDisconnected(String reason) {
    if (lostReason == null) {
      lostReason = reason == null ? "closed" : reason;
    }
    for (Route route : routes) {
      route.lost(lostReason);
    }
    if (download != null) {
      download.onLost(lostReason);
    }
  }
}
