package org.sled.device.link;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.sled.device.SledClientException;
import org.sled.net.client.HandshakeRefusedException;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.Redirect;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's connection, and the next one when that is lost: to the preferred server that answers,
 * again and again with growing pauses for as long as somebody waits. The pauses are random within
 * their bound, so that a fleet does not come back at one moment. Where a server sends its clients
 * to another one, that is asked first.
 *
 * <p>Any thread may use it. Connects on a thread of its own, which is there only while somebody
 * waits.
 */
public final class Uplinks implements AutoCloseable {
  static final long LONGEST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** A server that had no room is asked again after so long at the earliest. */
  private static final long LEAST_FULL_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** One server that does not answer must not keep from asking the next. */
  private static final Duration LONGEST_ATTEMPT = Duration.ofSeconds(5);

  private static final Logger LOG = LoggerFactory.getLogger(Uplinks.class);

  private final ServerOrder order;
  private final Connector connector;
  private final Duration connectTimeout;
  private final List<Waiter> waiting = new ArrayList<>();
  private final List<Uplink> leaving = new ArrayList<>(); // before the newest one, not closed yet
  private Uplink newest;
  private Thread thread; // null: nobody waits
  private boolean closed;
  private final Map<InetSocketAddress, Long> fullUntilNanos = new HashMap<>();
  private boolean hasRedirected; // connecting thread
  private long redirectNanos; // when, the last time

  /** Makes a connection. */
  @FunctionalInterface
  public interface Connector {
    /**
     * Connects and shakes hands.
     *
     * @throws IOException if there is no answer, or a refusal
     * @throws SledClientException if this is not a server for this client
     */
    Uplink connect(InetSocketAddress server, Duration timeout)
        throws IOException, InterruptedException;
  }

  /** Who waits for a connection. Its methods are called with the lock held, and return at once. */
  interface Waiter {
    void connected(Uplink uplink);

    void failed(SledClientException why);
  }

  public Uplinks(ServerOrder order, Connector connector, Duration connectTimeout) {
    this.order = order;
    this.connector = connector;
    this.connectTimeout = connectTimeout;
  }

  /** Gets what is needed from the first connection. */
  @FunctionalInterface
  public interface FirstUse {
    /**
     * Uses it.
     *
     * @throws SledClientException if this server does not have it
     */
    void of(Uplink uplink) throws InterruptedException;
  }

  /**
   * Connects for the first time, as {@link FirstConnection} does.
   *
   * @param use where it fails, the next server is asked
   * @param patience how long connections that are lost before they are used are made again
   * @throws SledClientException what the preferred one of those said that answered
   */
  public void connectFirst(FirstUse use, Duration patience) throws InterruptedException {
    new FirstConnection(order, server -> connectFirst(server, use), patience).make();
  }

  private void connectFirst(InetSocketAddress server, FirstUse use)
      throws IOException, InterruptedException {
    Uplink uplink = connector.connect(server, connectTimeout);
    boolean isUsed = false;
    try {
      use.of(uplink);
      isUsed = true;
    } finally {
      if (!isUsed) {
        uplink.connection().close();
      }
    }
    synchronized (this) {
      newest = uplink;
    }
  }

  /** The newest connection, which may be lost. */
  public synchronized Uplink newest() {
    return newest;
  }

  /** Tells the waiter as soon as there is a connection that takes sessions, perhaps at once. */
  synchronized void await(Waiter waiter) {
    if (closed) {
      waiter.failed(new SledClientException("this client is closed"));
    } else if (newest.takesSessions()) {
      waiter.connected(newest);
    } else {
      waiting.add(waiter);
      if (thread == null) {
        thread = new Thread(this::connectAgain, "sled-connect");
        thread.setDaemon(true);
        thread.start();
      }
    }
  }

  /** How many servers there are now. */
  int servers() {
    return order.now().size();
  }

  /**
   * A server has no room for about so long: whoever asks for a connection gets one to another
   * server, if there is one. Sessions that run over this one stay.
   */
  void leaveFull(Uplink uplink, long nanos) {
    if (servers() > 1) {
      synchronized (this) {
        long atLeast = Math.max(nanos, LEAST_FULL_NANOS);
        fullUntilNanos.put(uplink.server(), System.nanoTime() + atLeast);
        uplink.full(true);
      }
    }
  }

  /** All servers: those that may have room first, and among each kind the preferred one. */
  private List<InetSocketAddress> serversNow() {
    List<InetSocketAddress> servers = new ArrayList<>(order.now());
    synchronized (this) {
      long now = System.nanoTime();
      fullUntilNanos.values().removeIf(until -> now - until >= 0);
      servers.sort(Comparator.comparing(fullUntilNanos::containsKey)); // false comes first
    }
    return servers;
  }

  /** A connection to this server that is still there; null if there is none. */
  private synchronized Uplink stillConnected(InetSocketAddress server) {
    List<Uplink> all = new ArrayList<>(leaving);
    all.add(newest);
    for (Uplink uplink : all) {
      if (uplink.server().equals(server) && uplink.isOfUse()) {
        uplink.full(false);
        return uplink;
      }
    }
    return null;
  }

  /** It does not wait any more. */
  synchronized void withdraw(Waiter waiter) {
    waiting.remove(waiter);
    notifyAll();
  }

  private void connectAgain() {
    Map<InetSocketAddress, SledClientException> refusals = new HashMap<>();
    GrowingPause pause = new GrowingPause(LONGEST_PAUSE_NANOS);
    try {
      if (followRedirect(refusals)) {
        return;
      }
      while (true) {
        List<InetSocketAddress> servers = serversNow();
        for (InetSocketAddress server : servers) {
          if (isUnwanted()) {
            return;
          }
          if (!refusals.containsKey(server) && attempt(server, refusals)) {
            return;
          }
        }
        if (refusals.keySet().containsAll(servers)) {
          fail(refusals.get(servers.get(0)));
          return;
        }
        pause.grow();
        pause(pause.randomNanos());
      }
    } catch (InterruptedException e) {
      fail(SledClientException.interrupted(e));
    } catch (RuntimeException | Error e) {
      LOG.error("connecting fails", e);
      fail(new SledClientException("connecting fails: " + e, e));
    }
  }

  /** Goes where the server sends its clients; true if it is connected there now. */
  private boolean followRedirect(Map<InetSocketAddress, SledClientException> refusals)
      throws InterruptedException {
    Redirect redirect = newest().router().redirect();
    if (redirect == null) {
      return false;
    }
    // Two servers may send their clients to each other.
    long sinceNanos = System.nanoTime() - redirectNanos;
    if (hasRedirected && sinceNanos < LONGEST_PAUSE_NANOS) {
      pause(LONGEST_PAUSE_NANOS - sinceNanos);
    }
    hasRedirected = true;
    redirectNanos = System.nanoTime();
    return attempt(InetSocketAddress.createUnresolved(redirect.host(), redirect.port()), refusals);
  }

  /** True if it is connected now. */
  private boolean attempt(
      InetSocketAddress server, Map<InetSocketAddress, SledClientException> refusals)
      throws InterruptedException {
    Duration timeout =
        connectTimeout.compareTo(LONGEST_ATTEMPT) < 0 ? connectTimeout : LONGEST_ATTEMPT;
    Uplink known = stillConnected(server);
    if (known != null) {
      connected(known);
      return true;
    }
    try {
      connected(connector.connect(server, timeout));
      return true;
    } catch (HandshakeRefusedException e) {
      SledClientException refusal = Refusals.of(e);
      if (isForGood(e.code())) {
        LOG.warn("{} is no server for this client: {}", server, refusal.getMessage());
        refusals.put(server, refusal);
      } else {
        LOG.info("not connected: {}", refusal.getMessage());
      }
    } catch (SledClientException e) {
      LOG.warn("{} is no server for this client: {}", server, e.getMessage());
      refusals.put(server, e);
    } catch (IOException e) {
      LOG.info("not connected: {}", e.getMessage());
    }
    return false;
  }

  /** Whether it makes no sense to ask again. */
  private static boolean isForGood(ErrorCode code) {
    return code != ErrorCode.BUSY && code != ErrorCode.SHUTTING_DOWN && code != ErrorCode.INTERNAL;
  }

  /** Nobody waits any more; the thread ends. */
  private synchronized boolean isUnwanted() {
    if (closed || waiting.isEmpty()) {
      thread = null;
      return true;
    }
    return false;
  }

  private synchronized void connected(Uplink uplink) {
    thread = null;
    if (closed) {
      uplink.connection().close();
      return;
    }
    leaving.removeIf(before -> before == uplink || before.connection().isClosed());
    if (newest != uplink) {
      leaving.add(newest);
    }
    newest = uplink;
    for (Iterator<Waiter> i = waiting.iterator(); i.hasNext(); i.remove()) {
      i.next().connected(uplink);
    }
  }

  private synchronized void fail(SledClientException why) {
    thread = null;
    for (Iterator<Waiter> i = waiting.iterator(); i.hasNext(); i.remove()) {
      i.next().failed(why);
    }
  }

  private synchronized void pause(long nanos) throws InterruptedException {
    long end = System.nanoTime() + nanos;
    for (long left = nanos; left > 0; left = end - System.nanoTime()) {
      if (closed || waiting.isEmpty()) {
        return;
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
  }

  /** Closes the connections; who waits for another one fails. Idempotent. */
  @Override
  public void close() {
    List<Uplink> all;
    synchronized (this) {
      closed = true;
      all = new ArrayList<>(leaving);
      if (newest != null) {
        all.add(newest);
      }
      notifyAll();
      for (Iterator<Waiter> i = waiting.iterator(); i.hasNext(); i.remove()) {
        i.next().failed(new SledClientException("this client is closed"));
      }
    }
    all.forEach(uplink -> uplink.connection().close());
  }
}
