package org.sled.server.verify;

import java.util.IdentityHashMap;
import org.sled.core.schedule.SessionBook;

/**
 * Devices that ask for another text as soon as one ends, as they do where somebody works through a
 * list. A step may wait a moment for such a request, as it does for a block: else it is there just
 * when the step has begun, and its text is a step behind from then on.
 *
 * <p>Learnt for each connection: how often another text is asked for soon, and how soon. Verifier
 * thread only.
 */
final class ArrivalPredictor {
  /** A device that asks for another text later than that is not expected to come soon again. */
  static final long LATEST_NANOS = 1_000_000_000;

  private static final double GAIN = 0.25;

  /** Whoever comes back less often is not waited for. */
  private static final double LEAST_CHANCE = 0.6;

  private final SessionBook book;

  // By session number: whose text was the last to end there, and is not followed by another yet.
  private final Object[] owners;
  private final long[] endedNanos;

  private final IdentityHashMap<Object, Habit> habits = new IdentityHashMap<>();

  private static final class Habit {
    double chance; // to come back soon
    double nanos; // until then
    double deviation;

    void returned(double after) {
      chance += GAIN * (1 - chance);
      double error = after - nanos;
      deviation += nanos == 0 ? after / 2 : GAIN * (Math.abs(error) - deviation);
      nanos += nanos == 0 ? after : GAIN * error;
    }

    void stayedAway() {
      chance -= GAIN * chance;
    }
  }

  /**
   * Creates it.
   *
   * @param sessions how many numbers they have
   */
  ArrivalPredictor(SessionBook book, int sessions) {
    this.book = book;
    owners = new Object[sessions];
    endedNanos = new long[sessions];
  }

  /** A text is at its end. */
  void ended(int session, Object owner, long nowNanos) {
    owners[session] = owner;
    endedNanos[session] = nowNanos;
    Habit habit = habits.computeIfAbsent(owner, o -> new Habit());
    if (habit.chance >= LEAST_CHANCE) {
      book.returns(session, habit.nanos, habit.deviation, nowNanos);
    } else {
      book.forget(session);
    }
  }

  /** Whether another text may follow the one of a session. */
  boolean isAwaited(int session) {
    return owners[session] != null;
  }

  /** Another text is asked for; before the book opens the session. */
  void asked(int session, Object owner, long nowNanos) {
    int first = firstOf(owner);
    if (first >= 0) {
      long after = Math.max(1, nowNanos - endedNanos[first]);
      if (after <= LATEST_NANOS) {
        habits.get(owner).returned((double) after);
      } else {
        habits.get(owner).stayedAway();
      }
      leave(first);
    }
    if (owners[session] != null) { // somebody else's
      habits.get(owners[session]).stayedAway();
      leave(session);
    }
  }

  /** A connection is gone. */
  void gone(Object owner) {
    for (int first = firstOf(owner); first >= 0; first = firstOf(owner)) {
      leave(first);
    }
    habits.remove(owner);
  }

  private void leave(int session) {
    owners[session] = null;
    book.forget(session);
  }

  /** Where an owner's text ended first, of those that none has followed; −1: there are none. */
  private int firstOf(Object owner) {
    int first = -1;
    for (int i = 0; i < owners.length; i++) {
      if (owners[i] == owner && (first < 0 || endedNanos[i] < endedNanos[first])) {
        first = i;
      }
    }
    return first;
  }
}
