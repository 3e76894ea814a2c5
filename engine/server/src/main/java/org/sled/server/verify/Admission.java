package org.sled.server.verify;

import java.util.concurrent.TimeUnit;
import org.sled.core.schedule.WaitingList;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.Open;
import org.sled.net.server.Connection;
import org.sled.server.observe.BusyKind;
import org.sled.server.observe.ServerStats;
import org.sled.server.session.Command;
import org.sled.server.session.ServerSession;

/**
 * Who gets a session: whoever asks while there is room, and else those who wait, in the order of a
 * {@link WaitingList}. Tells them their place, and everybody else when to come again. Verifier
 * thread only.
 */
public final class Admission {
  /** The shortest hint of when to come again: about the time of a short answer. */
  public static final int SHORTEST_RETRY_MILLIS = 1_000;

  /** The longest: in a minute much may have changed. */
  static final int LONGEST_RETRY_MILLIS = 60_000;

  /** Prompts and logit biases of all that wait: 512 prompts of 32,768 tokens. */
  static final long MOST_BYTES = 64L << 20;

  /** What one that waits takes beside its prompt: objects of its session. */
  private static final int ENTRY_BYTES = 1024;

  private static final int BIAS_BYTES = 32;

  /** How often those who wait are told of a new place. */
  private static final long TELL_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** A place is told again when it is better or worse by this part of what was told. */
  private static final int NOTICEABLE_PART = 8;

  /** What a session is taken to last before one has ended. */
  private static final long FIRST_LIFE_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** Weight of the newest session that ended in the mean of how long they last. */
  private static final double GAIN = 0.125;

  private final int sessionLimit;
  private final WaitingList<Waiter> line;
  private final Replies replies;
  private final ServerStats stats;
  private double lifeNanos; // of a session, on average; 0: none has ended yet
  private long toldNanos;

  private static final class Waiter {
    final Command.OpenSession command;
    int toldPlace;

    Waiter(Command.OpenSession command) {
      this.command = command;
    }

    ServerSession session() {
      return command.session();
    }
  }

  /**
   * Creates it for a server without sessions.
   *
   * @param sessionLimit sessions at a time
   * @param waitingLimit of those that wait
   */
  Admission(int sessionLimit, int waitingLimit, Replies replies, ServerStats stats) {
    this.sessionLimit = sessionLimit;
    this.replies = replies;
    this.stats = stats;
    line = new WaitingList<>(waitingLimit, MOST_BYTES);
  }

  /** Whether who asks now gets a session at once: not before those who wait. */
  boolean hasRoom(int openCount) {
    return openCount < sessionLimit && line.isEmpty();
  }

  /** There is no room: it waits if it wants to and can, or is told to come again. */
  void hold(Command.OpenSession command) {
    ServerSession session = command.session();
    Open open = command.open();
    long bytes =
        ENTRY_BYTES
            + (long) Integer.BYTES * command.prompt().count()
            + (long) BIAS_BYTES * open.sampling().logitBias().size();
    // The frame's own copy of the prompt is not kept.
    Waiter waiter =
        new Waiter(
            new Command.OpenSession(
                session, open.part(0, 0, false), command.prompt(), command.decodedNanos()));
    if (!open.waits() || !line.add(session.connection, waiter, bytes)) {
      refuse(session);
      return;
    }
    stats.waiting(line.size());
    waiter.toldPlace = placeOf(waiter);
    replies.waiting(session, waiter.toldPlace, millisAt(waiter.toldPlace));
  }

  private int placeOf(Waiter wanted) {
    int[] found = {0};
    line.forEachInOrder((waiter, place) -> found[0] = waiter == wanted ? place : found[0]);
    return found[0];
  }

  /** All sessions are taken: this one is to come again. */
  void refuse(ServerSession session) {
    session.closed();
    stats.busy(BusyKind.FULL);
    replies.busy(
        session,
        0,
        retryMillis(),
        "all "
            + sessionLimit
            + " sessions of this server are taken"
            + (line.isEmpty() ? "" : ", and " + line.size() + " wait for one"));
  }

  /**
   * Who gets a session now, if there is room and somebody waits; else null.
   *
   * @param openCount sessions that are open
   */
  Command.OpenSession next(int openCount, long nowNanos) {
    if (openCount >= sessionLimit || line.isEmpty()) {
      return null;
    }
    Command.OpenSession command = line.poll().command;
    left(command.session(), true, nowNanos);
    replies.waiting(command.session(), 0, 0);
    // For the scheduler, its prompt comes now.
    return new Command.OpenSession(command.session(), command.open(), command.prompt(), nowNanos);
  }

  private void left(ServerSession session, boolean hasRoom, long nowNanos) {
    stats.waiting(line.size());
    stats.waited(hasRoom, nowNanos - session.askedNanos);
  }

  /** A session does not want one any more; false if it did not wait. */
  boolean withdraw(ServerSession session, long nowNanos) {
    if (line.remove(session.connection, waiter -> waiter.session() == session) == null) {
      return false;
    }
    left(session, false, nowNanos);
    session.closed();
    return true;
  }

  /** A connection is gone, and with it those of its sessions that wait. */
  void gone(Connection connection, long nowNanos) {
    line.all(connection).forEach(waiter -> withdraw(waiter.session(), nowNanos));
  }

  /** The server is leaving: nobody waits any more. */
  void sendAway(long nowNanos) {
    for (Waiter waiter : line.all(null)) {
      withdraw(waiter.session(), nowNanos);
      replies.error(
          waiter.session(),
          0,
          ErrorCode.SHUTTING_DOWN,
          "the server is leaving; open sessions elsewhere");
    }
  }

  /** A session has ended. */
  void ended(long sessionNanos) {
    lifeNanos = lifeNanos == 0 ? sessionNanos : lifeNanos + GAIN * (sessionNanos - lifeNanos);
  }

  /** Tells those who wait where they are, if that has changed noticeably; now and then. */
  void tell(long nowNanos) {
    if (line.isEmpty() || nowNanos - toldNanos < TELL_NANOS) {
      return;
    }
    toldNanos = nowNanos;
    line.forEachInOrder(
        (waiter, place) -> {
          int change = Math.abs(place - waiter.toldPlace);
          if (change > 0 && change >= waiter.toldPlace / NOTICEABLE_PART) {
            waiter.toldPlace = place;
            replies.waiting(waiter.session(), place, millisAt(place));
          }
        });
  }

  /** Until somebody at this place has a session, as things are, ms; 0: not known. */
  private int millisAt(int place) {
    return lifeNanos == 0 ? 0 : (int) Math.min(Integer.MAX_VALUE, millis(place, lifeNanos));
  }

  private long millis(int place, double nanosPerSession) {
    return Math.max(1, Math.round(place * nanosPerSession / sessionLimit / 1e6));
  }

  /** When somebody who cannot wait here had better come again. */
  private int retryMillis() {
    long millis = millis(line.size() + 1, lifeNanos == 0 ? FIRST_LIFE_NANOS : lifeNanos);
    return (int) Math.max(SHORTEST_RETRY_MILLIS, Math.min(LONGEST_RETRY_MILLIS, millis));
  }

  /** Whether nobody waits. */
  boolean isEmpty() {
    return line.isEmpty();
  }
}
