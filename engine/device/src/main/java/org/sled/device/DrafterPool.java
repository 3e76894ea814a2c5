package org.sled.device;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;

/**
 * Drafters that are not at work: K/V memory is expensive to get, and a new generation may simply
 * overwrite an old one's. Any thread.
 */
final class DrafterPool implements AutoCloseable {
  private final Supplier<BlockDrafter> maker;
  private final Deque<BlockDrafter> idle = new ArrayDeque<>();
  private boolean closed;

  DrafterPool(Supplier<BlockDrafter> maker) {
    this.maker = maker;
  }

  BlockDrafter take() {
    synchronized (this) {
      if (!idle.isEmpty()) {
        return idle.pop();
      }
    }
    return maker.get();
  }

  void giveBack(BlockDrafter drafter) {
    synchronized (this) {
      if (!closed) {
        idle.push(drafter);
        return;
      }
    }
    drafter.close();
  }

  /** Frees those that are not at work. */
  synchronized void trim() {
    idle.forEach(BlockDrafter::close);
    idle.clear();
  }

  @Override
  public synchronized void close() {
    closed = true;
    trim();
  }
}
