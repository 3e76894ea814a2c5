package org.sled.device;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.sled.net.client.HandshakeLostException;
import org.sled.net.client.HandshakeRefusedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connects for the first time. A server that cannot be reached, or refuses, is asked once: a wrong
 * address is said soon. But where a connection was there and was lost before it could be used,
 * somebody is there: that is an outage like later ones, and the servers are asked again with the
 * same pauses, for as long as an outage may last. Belongs to the thread that connects.
 */
final class FirstConnection {
  private static final Logger LOG = LoggerFactory.getLogger(FirstConnection.class);

  private final ServerOrder order;
  private final Attempt attempt;
  private final long patienceNanos;

  private final Map<InetSocketAddress, SledClientException> refusals = new HashMap<>();
  private SledClientException unreachable; // of the preferred server, in the newest round
  private SledClientException lost; // the newest; null: no connection was lost

  /** Connects to a server, and makes sure that the connection can be used. */
  @FunctionalInterface
  interface Attempt {
    /**
     * Connects.
     *
     * @throws IOException if there is no answer, a refusal, or the connection was lost
     * @throws ConnectionLostException if the connection was lost
     * @throws SledClientException if this is not a server for this client
     */
    void on(InetSocketAddress server) throws IOException, InterruptedException;
  }

  /**
   * Creates it.
   *
   * @param patience how long lost connections are tried again; zero: not at all
   */
  FirstConnection(ServerOrder order, Attempt attempt, Duration patience) {
    this.order = order;
    this.attempt = attempt;
    patienceNanos = patience.toNanos();
  }

  /**
   * Connects.
   *
   * @throws SledClientException what the preferred one of those said that answered
   */
  void make() throws InterruptedException {
    long startNanos = System.nanoTime();
    long bound = Uplinks.FIRST_PAUSE_NANOS;
    while (!tryEach()) {
      long leftNanos = startNanos + patienceNanos - System.nanoTime();
      if (lost == null || refusals.keySet().containsAll(order.now()) || leftNanos <= 0) {
        throw failure();
      }
      LOG.warn(
          "{}; trying again for up to {} s",
          lost.getMessage(),
          TimeUnit.NANOSECONDS.toSeconds(leftNanos));
      long pause = ThreadLocalRandom.current().nextLong(bound / 2, bound);
      TimeUnit.NANOSECONDS.sleep(Math.min(pause, leftNanos));
      bound = Math.min(2 * bound, Uplinks.LONGEST_PAUSE_NANOS);
    }
  }

  /** Asks each server; true if it is connected. */
  private boolean tryEach() throws InterruptedException {
    unreachable = null;
    List<InetSocketAddress> servers = order.now();
    for (InetSocketAddress server : servers) {
      if (!refusals.containsKey(server) && tryOne(server)) {
        return true;
      }
    }
    return false;
  }

  private boolean tryOne(InetSocketAddress server) throws InterruptedException {
    try {
      attempt.on(server);
      return true;
    } catch (HandshakeRefusedException e) {
      refusals.put(server, Refusals.of(e));
    } catch (HandshakeLostException e) {
      lost = new UnreachableException(e.getMessage(), e);
    } catch (ConnectionLostException e) {
      lost = e;
    } catch (SledClientException e) {
      refusals.put(server, e);
    } catch (IOException e) {
      unreachable = unreachable == null ? Refusals.ofConnecting(e) : unreachable;
    }
    return false;
  }

  private SledClientException failure() {
    for (InetSocketAddress server : order.now()) {
      if (refusals.containsKey(server)) {
        return refusals.get(server);
      }
    }
    return lost != null ? lost : unreachable;
  }
}
