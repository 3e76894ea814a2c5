package org.sled.device;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;

/**
 * Draft contexts that are not at work: K/V memory is expensive to get, and a new session may simply
 * overwrite an old one's. Any thread.
 */
final class DrafterPool implements AutoCloseable {
  private final Supplier<Drafter> maker;
  private final Deque<Drafter> idle = new ArrayDeque<>();
  private boolean closed;

  DrafterPool(Supplier<Drafter> maker) {
    this.maker = maker;
  }

  Drafter take() {
    synchronized (this) {
      if (!idle.isEmpty()) {
        return idle.pop();
      }
    }
    return maker.get();
  }

  void giveBack(Drafter drafter) {
    synchronized (this) {
      if (!closed) {
        idle.push(drafter);
        return;
      }
    }
    drafter.close();
  }

  @Override
  public synchronized void close() {
    closed = true;
    idle.forEach(Drafter::close);
    idle.clear();
  }
}
