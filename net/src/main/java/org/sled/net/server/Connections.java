package org.sled.net.server;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.sled.net.protocol.ErrorCode;

/** The open connections of one server, up to a limit. Any thread may use it. */
final class Connections {
  /** A connection that finds no room shall not come back sooner than others leave, ms. */
  private static final int RETRY_AFTER_MILLIS = 1_000;

  private final Set<ChannelConnection> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger count = new AtomicInteger();
  private final int limit;
  private volatile boolean draining;

  Connections(int limit) {
    this.limit = limit;
  }

  /** Takes a connection in, or returns false when there is no room or the server is leaving. */
  boolean add(ChannelConnection connection) {
    if (draining) {
      return false;
    }
    if (count.incrementAndGet() > limit) {
      count.decrementAndGet();
      return false;
    }
    open.add(connection);
    return true;
  }

  /** Forgets a connection, if it was taken in. */
  void remove(ChannelConnection connection) {
    if (open.remove(connection)) {
      count.decrementAndGet();
    }
  }

  void drain() {
    draining = true;
  }

  int count() {
    return count.get();
  }

  void forEach(Consumer<ChannelConnection> action) {
    open.forEach(action);
  }

  ErrorCode refusalCode() {
    return draining ? ErrorCode.SHUTTING_DOWN : ErrorCode.BUSY;
  }

  String refusal() {
    return draining ? "the server is leaving" : "all " + limit + " connections are in use";
  }

  int retryAfterMillis() {
    return RETRY_AFTER_MILLIS;
  }
}
