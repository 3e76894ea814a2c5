package org.sled.server.verify;

import java.lang.invoke.VarHandle;
import java.time.Duration;
import org.agrona.concurrent.NanoClock;
import org.sled.core.cost.WorkKind;
import org.sled.core.schedule.WorkQueue;
import org.sled.server.kv.KvAllocator;
import org.sled.server.kv.WaitingSessions;
import org.sled.server.session.ServerSession;

/**
 * The step that is being computed, or who waits while there is none, for those who watch. The
 * verifier thread writes, without allocating; any thread reads. A reader that met a writer notices
 * and gives up: it watches for steps that last.
 */
public final class StepMonitor {
  /** Sessions that are named in a description of who waits. */
  private static final int MOST_NAMED = 16;

  private final NanoClock clock;
  private final ServerSession[] sessions;
  private final WorkKind[] kinds;
  private final int[] rows;
  private int count;
  private long beginNanos;

  /** Odd during a step. What stands above belongs to the step as long as this stays the same. */
  private volatile long turn;

  /** How long sessions may wait without a step before that is described, ns. */
  private volatile long patienceNanos = Long.MAX_VALUE;

  // Of those who wait while nothing is computed; for the verifier thread.
  private boolean waiting;
  private long waitingSinceNanos;

  /** Null as long as nobody has waited for longer than that. */
  private volatile Stall stall;

  /**
   * Sessions wait, and no step is made.
   *
   * @param sinceNanos since when
   * @param what how many wait for what, and which
   */
  record Stall(long sinceNanos, String what) {}

  /**
   * A step that is being computed.
   *
   * @param turn tells it from others
   * @param nanos how long so far
   */
  record Running(long turn, long nanos) {}

  /**
   * Creates it.
   *
   * @param capacity slots of a step at most
   */
  StepMonitor(int capacity, NanoClock clock) {
    this.clock = clock;
    sessions = new ServerSession[capacity];
    kinds = new WorkKind[capacity];
    rows = new int[capacity];
  }

  // ---------------------------------------------------------------- verifier thread

  /** Before {@link #begin}: what a slot of the next step holds. */
  void slot(int slot, ServerSession session, WorkKind kind, int rowCount) {
    sessions[slot] = session;
    kinds[slot] = kind;
    rows[slot] = rowCount;
  }

  /** The native call begins; returns the time. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
  long begin(int slotCount) {
    count = slotCount;
    beginNanos = clock.nanoTime();
    turn++;
    goesOn();
    return beginNanos;
  }

  /** It is over, however it ended; returns the time. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
  long end() {
    turn++;
    VarHandle.storeStoreFence(); // nobody takes the next step's slots for those of this one
    return clock.nanoTime();
  }

  /** No step is made at the moment: sessions may wait all the same. */
  void idle(WorkQueue queue, KvAllocator kv) {
    if (queue.size() == 0 && !kv.isAnybodyWaiting()) {
      goesOn();
      return;
    }
    long nowNanos = clock.nanoTime();
    if (!waiting) {
      waiting = true;
      waitingSinceNanos = nowNanos;
    } else if (stall == null && nowNanos - waitingSinceNanos > patienceNanos) {
      stall = new Stall(waitingSinceNanos, describe(queue, kv));
    }
  }

  private void goesOn() {
    waiting = false;
    if (stall != null) {
      stall = null;
    }
  }

  private static String describe(WorkQueue queue, KvAllocator kv) {
    WaitingSessions waiting = kv.waiting();
    StringBuilder text = new StringBuilder();
    text.append(queue.size()).append(" for a step, ");
    text.append(waiting.forSequence()).append(" for a place in the K/V cache, ");
    text.append(waiting.forLeader()).append(" for another session's prompt");
    for (int i = 0; i < Math.min(queue.size(), MOST_NAMED); i++) {
      name(text.append(i == 0 ? ": " : ", "), kv.session(queue.session(i)));
      text.append(' ').append(queue.kind(i)).append(" of ").append(queue.rows(i));
    }
    int[] left = {MOST_NAMED};
    waiting.forEach(
        session -> {
          if (left[0]-- > 0) {
            name(text.append("; "), session);
          }
        });
    return text.toString();
  }

  private static void name(StringBuilder text, ServerSession session) {
    text.append(session.connection.remoteAddress()).append(" session ").append(session.id);
  }

  // ---------------------------------------------------------------- any thread

  /** From now on a stall is described when it has lasted for so long. */
  void describeStallsAfter(Duration patience) {
    patienceNanos = patience.toNanos();
  }

  /** Who waits although no step is made, if that lasts; else null. */
  public Stall stall() {
    return stall;
  }

  /** The step that is being computed, or null. */
  Running running() {
    long before = turn;
    long begun = beginNanos;
    VarHandle.loadLoadFence();
    return before % 2 == 0 || turn != before ? null : new Running(before, clock.nanoTime() - begun);
  }

  /** Is it still the same step? */
  boolean isRunning(Running step) {
    return turn == step.turn();
  }

  /** What is in a step: connections, sessions, kinds and rows, no tokens. Null if it is over. */
  String describe(Running step) {
    if (!isRunning(step)) {
      return null;
    }
    int slots = Math.min(count, sessions.length);
    int totalRows = 0;
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < slots; i++) {
      ServerSession session = sessions[i];
      totalRows += rows[i];
      text.append(i == 0 ? ": " : ", ");
      if (session != null) {
        text.append(session.connection.remoteAddress()).append(" session ").append(session.id);
      }
      text.append(' ').append(kinds[i]).append(" of ").append(rows[i]);
    }
    VarHandle.loadLoadFence();
    return isRunning(step) ? slots + " sessions, " + totalRows + " rows" + text : null;
  }
}
