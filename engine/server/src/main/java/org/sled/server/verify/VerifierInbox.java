package org.sled.server.verify;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;
import org.sled.net.limit.ByteBudget;
import org.sled.net.server.Connection;
import org.sled.server.session.Command;

/**
 * The bounded queue from the event loops to the verifier thread, which sleeps on it when there is
 * nothing to do. Bounded are the number of commands and the bytes of the prompts among them; blocks
 * are bounded by the length of their frames. A connection with more commands in it than its
 * sessions account for is not read until they are handled, see {@link Connection#handedOver}.
 *
 * <p>The sleeper is woken, not polled: on a machine whose cores draft or serve others, spinning
 * would take the time that the work needs.
 */
public final class VerifierInbox {
  /** Wakes now and then even if nobody calls, so that a stop is never missed for long. */
  private static final long MAX_SLEEP_NANOS = 100_000_000;

  private final ManyToOneConcurrentArrayQueue<Command> queue;
  private final int capacity;
  private final ByteBudget prompts;

  /**
   * Connections that are gone. It needs no bound of its own: a connection comes here once, and only
   * if a command of it was taken.
   */
  private final Queue<Connection> gone = new ConcurrentLinkedQueue<>();

  private volatile boolean asleep;
  private volatile Thread sleeper;
  private volatile boolean abandoned;

  /**
   * Creates the inbox.
   *
   * @param capacity commands that ask for work; half as many that free something find room beside
   *     them
   * @param prompts bytes that the prompts of OPENs may hold
   */
  public VerifierInbox(int capacity, ByteBudget prompts) {
    this.capacity = capacity;
    this.prompts = prompts;
    queue = new ManyToOneConcurrentArrayQueue<>(capacity + capacity / 2);
  }

  /** Any thread; false when the inbox is full, and nothing happened. */
  public boolean offer(Command command) {
    if (abandoned || queue.size() >= capacity || !prompts.take(command.promptBytes())) {
      return false;
    }
    if (!enqueue(command)) {
      prompts.giveBack(command.promptBytes());
      return false;
    }
    return true;
  }

  /**
   * Any thread: offers a command that frees something, for which there is room even where others
   * find none; false when there is none at all, and nothing happened.
   */
  public boolean offerFreeing(Command command) {
    return !abandoned && enqueue(command);
  }

  private boolean enqueue(Command command) {
    Connection connection = command.session().connection;
    connection.handedOver();
    if (!queue.offer(command)) {
      connection.handled();
      return false;
    }
    wake();
    return true;
  }

  /** Any thread: the connection is closed; its sessions are to be freed. Never fails. */
  public void disconnected(Connection connection) {
    gone.add(connection);
    wake();
  }

  /** Verifier thread, when it ends: nobody reads this any more. */
  public void abandon() {
    abandoned = true;
  }

  /** Any thread. */
  void wake() {
    if (asleep) {
      LockSupport.unpark(sleeper);
    }
  }

  /**
   * Verifier thread: handles what is there now, and leaves what comes meanwhile, so that a flood
   * cannot keep it from its steps; returns how many.
   */
  int drain(Consumer<Command> handler) {
    int most = queue.size();
    for (int i = 0; i < most; i++) {
      Command command = queue.poll();
      if (command == null) {
        return i;
      }
      prompts.giveBack(command.promptBytes());
      handler.accept(command);
      command.session().connection.handled();
    }
    return most;
  }

  /** Verifier thread: the same for connections that are gone. */
  int drainGone(Consumer<Connection> handler) {
    int handled = 0;
    for (Connection next = gone.poll(); next != null; next = gone.poll()) {
      handler.accept(next);
      handled++;
    }
    return handled;
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
    if (queue.isEmpty() && gone.isEmpty()) {
      LockSupport.parkNanos(this, nanos);
    }
    asleep = false;
  }
}
