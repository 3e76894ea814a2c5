package org.sled.simulator;

import java.util.Arrays;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.sled.device.ServerFaultException;

/**
 * Whose turn it is among simulated devices, each on a thread of its own, before one {@link
 * VirtualServer}: one device works at a time, always the one whose time is the earliest, and the
 * server has done all that it does until then. So the same input gives the same order.
 *
 * <p>A device's thread calls in with its own number, and returns when it is its turn.
 */
final class VirtualTurns {
  private static final long NEVER = Long.MAX_VALUE;

  private final VirtualServer server;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition[] turns;
  private final long[] nanos; // when each goes on; NEVER: when its answer is there, or it has ended
  private final VirtualLink[] awaiting; // whose answer each waits for; null: none
  private int current = -1; // whose turn it is; -1: nobody's yet
  private RuntimeException failure; // of the server; all end with it

  /**
   * Before the first turn.
   *
   * @param startNanos when each device begins
   */
  VirtualTurns(VirtualServer server, long... startNanos) {
    this.server = server;
    nanos = startNanos.clone();
    awaiting = new VirtualLink[nanos.length];
    turns = new Condition[nanos.length];
    Arrays.setAll(turns, device -> lock.newCondition());
  }

  VirtualServer server() {
    return server;
  }

  /** Waits for the device's first turn. */
  void begin(int device) {
    lock.lock();
    try {
      if (current < 0) {
        pass();
      }
      await(device);
    } finally {
      lock.unlock();
    }
  }

  /** Lets all others go on up to the device's time. */
  void reach(int device, long nowNanos) {
    lock.lock();
    try {
      nanos[device] = nowNanos;
      pass();
      await(device);
    } finally {
      lock.unlock();
    }
  }

  /** Lets all others go on until there is an answer for the device. */
  void awaitAnswer(int device, VirtualLink link) {
    lock.lock();
    try {
      nanos[device] = NEVER;
      awaiting[device] = link;
      pass();
      await(device);
      awaiting[device] = null;
    } finally {
      lock.unlock();
    }
  }

  /** The device has no further turn. */
  void end(int device) {
    lock.lock();
    try {
      nanos[device] = NEVER;
      pass();
    } finally {
      lock.unlock();
    }
  }

  private void await(int device) {
    while (current != device && failure == null) {
      turns[device].awaitUninterruptibly();
    }
    if (failure != null) {
      throw failure;
    }
  }

  private void pass() {
    try {
      current = next();
    } catch (RuntimeException e) {
      failure = e;
    }
    if (failure != null) {
      Arrays.stream(turns).forEach(Condition::signal);
    } else if (current < turns.length) {
      turns[current].signal();
    }
  }

  /** Whose turn it is: the server does what comes before that. All have ended: one more. */
  private int next() {
    while (true) {
      int earliest = turns.length;
      long earliestNanos = NEVER;
      boolean awaited = false;
      for (int device = 0; device < turns.length; device++) {
        awaited |= awaiting[device] != null;
        long at = awaiting[device] == null ? nanos[device] : awaiting[device].answerNanos();
        if (at < earliestNanos) {
          earliest = device;
          earliestNanos = at;
        }
      }
      if (earliest == turns.length && !awaited) {
        return earliest;
      }
      // What the server does may make somebody else's turn earlier.
      if (!server.advance(earliestNanos)) {
        if (earliest == turns.length) {
          throw new ServerFaultException("the server has nothing to say, and no answer");
        }
        return earliest;
      }
    }
  }
}
