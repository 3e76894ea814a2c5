package org.sled.server;

import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;

/**
 * The bounded queue from the event loops to the verifier thread, which sleeps on it when there is
 * nothing to do.
 *
 * <p>The sleeper is woken, not polled: on a machine whose cores draft or serve others, spinning
 * would take the time that the work needs.
 */
final class VerifierInbox {
  /** Wakes now and then even if nobody calls, so that a stop is never missed for long. */
  private static final long MAX_SLEEP_NANOS = 100_000_000;

  private final ManyToOneConcurrentArrayQueue<Command> queue;
  private volatile boolean asleep;
  private volatile Thread sleeper;
  private volatile boolean abandoned;

  VerifierInbox(int capacity) {
    queue = new ManyToOneConcurrentArrayQueue<>(capacity);
  }

  /** Any thread; false when the inbox is full, and nothing happened. */
  boolean offer(Command command) {
    if (abandoned || !queue.offer(command)) {
      return false;
    }
    wake();
    return true;
  }

  /** Verifier thread, when it ends: nobody reads this any more. */
  void abandon() {
    abandoned = true;
  }

  /** Any thread. */
  boolean isAbandoned() {
    return abandoned;
  }

  /** Any thread. */
  void wake() {
    if (asleep) {
      LockSupport.unpark(sleeper);
    }
  }

  /** Verifier thread: handles what is there now; returns how many. */
  int drain(Consumer<Command> handler) {
    return queue.drain(handler);
  }

  /**
   * Verifier thread: returns when there may be something, or after a while.
   *
   * @param untilNanos not later than this, on the clock of {@link System#nanoTime}; {@link
   *     Long#MAX_VALUE} if it does not matter
   */
  void sleep(long untilNanos) {
    long nanos =
        untilNanos == Long.MAX_VALUE
            ? MAX_SLEEP_NANOS
            : Math.min(MAX_SLEEP_NANOS, untilNanos - System.nanoTime());
    if (nanos <= 0) {
      return;
    }
    sleeper = Thread.currentThread();
    asleep = true;
    // Looked at again after the flag is up: an offer before it was not going to wake anybody.
    if (queue.isEmpty()) {
      LockSupport.parkNanos(this, nanos);
    }
    asleep = false;
  }
}
