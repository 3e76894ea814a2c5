package org.sled.server;

import java.lang.invoke.VarHandle;
import org.sled.core.WorkKind;

/**
 * The step that is being computed, for those who watch. The verifier thread writes, without
 * allocating; any thread reads. A reader that met a writer notices and gives up: it watches for
 * steps that last.
 */
final class StepMonitor {
  private final ServerSession[] sessions;
  private final WorkKind[] kinds;
  private final int[] rows;
  private int count;
  private long beginNanos;

  /** Odd during a step. What stands above belongs to the step as long as this stays the same. */
  private volatile long turn;

  /**
   * A step that is being computed.
   *
   * @param turn tells it from others
   * @param nanos how long so far
   */
  record Running(long turn, long nanos) {}

  StepMonitor(int capacity) {
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
    beginNanos = System.nanoTime();
    turn++;
    return beginNanos;
  }

  /** It is over, however it ended; returns the time. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
  long end() {
    turn++;
    VarHandle.storeStoreFence(); // nobody takes the next step's slots for those of this one
    return System.nanoTime();
  }

  // ---------------------------------------------------------------- any thread

  /** The step that is being computed, or null. */
  Running running() {
    long before = turn;
    long begun = beginNanos;
    VarHandle.loadLoadFence();
    return before % 2 == 0 || turn != before
        ? null
        : new Running(before, System.nanoTime() - begun);
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
