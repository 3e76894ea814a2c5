package org.sled.device.link;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.sled.device.ConnectionLostException;
import org.sled.device.SledClientException;
import org.sled.device.UnreachableException;
import org.sled.net.client.HandshakeLostException;
import org.sled.net.client.HandshakeRefusedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connects for the first time. A server that cannot be reached, or refuses, is asked once: a wrong
 * address is said soon. But where a connection was there and was lost before it could be used,
 * somebody is there: that is an outage like later ones, and the servers are asked again with the
 * same pauses, for as long as an outage may last. Not so where connections always end before
 * WELCOME: nothing says that this is a server. Belongs to the thread that connects.
 */
final class FirstConnection {
  private static final Logger LOG = LoggerFactory.getLogger(FirstConnection.class);

  /**
   * Connections to one server that end before WELCOME, one after the other: by then 2 to 3 s have
   * passed. A network that breaks every second connection there does that once in 64 times.
   */
  private static final int MOST_LOST_HANDSHAKES = 6;

  private final ServerOrder order;
  private final Attempt attempt;
  private final long patienceNanos;

  private final Map<InetSocketAddress, SledClientException> refusals = new HashMap<>();
  private final Map<InetSocketAddress, Integer> lostHandshakes = new HashMap<>(); // in succession
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
    GrowingPause pause = new GrowingPause(Uplinks.LONGEST_PAUSE_NANOS);
    while (!tryEach()) {
      long leftNanos = startNanos + patienceNanos - System.nanoTime();
      if (lost == null || refusals.keySet().containsAll(order.now()) || leftNanos <= 0) {
        throw failure();
      }
      LOG.warn(
          "{}; trying again for up to {} s",
          lost.getMessage(),
          TimeUnit.NANOSECONDS.toSeconds(leftNanos));
      pause.grow();
      TimeUnit.NANOSECONDS.sleep(Math.min(pause.randomNanos(), leftNanos));
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
      onLostHandshake(server, e);
    } catch (ConnectionLostException e) {
      lostHandshakes.remove(server);
      lost = e;
    } catch (SledClientException e) {
      refusals.put(server, e);
    } catch (IOException e) {
      unreachable = unreachable == null ? Refusals.ofConnecting(e) : unreachable;
    }
    return false;
  }

  private void onLostHandshake(InetSocketAddress server, HandshakeLostException e) {
    int count = lostHandshakes.merge(server, 1, Integer::sum);
    if (count < MOST_LOST_HANDSHAKES) {
      lost = new UnreachableException(e.getMessage(), e);
      return;
    }
    lost = null; // as if nobody listened there
    refusals.put(
        server,
        new UnreachableException(
            server.getHostString()
                + ":"
                + server.getPort()
                + " accepts connections and closes them before WELCOME, "
                + count
                + " times in succession: is this a SLED server, and does it run? Check the port",
            e));
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
