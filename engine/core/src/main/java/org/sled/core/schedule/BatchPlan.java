package org.sled.core.schedule;

import org.sled.core.cost.WorkKind;

/**
 * What goes into the next step: places of a {@link WorkQueue}, ascending, with the rows granted to
 * each. Reused; allocates only when created. Belongs to one thread.
 */
public final class BatchPlan {
  /** Nothing but new work is waited for. */
  public static final long NO_WAKE = Long.MAX_VALUE;

  private final int[] queueIndexes;
  private final int[] sessions;
  private final WorkKind[] kinds;
  private final int[] rows;
  private int size;
  private int totalRows;
  private long wakeNanos = NO_WAKE;

  /** Creates an empty plan for so many sessions. */
  public BatchPlan(int capacity) {
    queueIndexes = new int[capacity];
    sessions = new int[capacity];
    kinds = new WorkKind[capacity];
    rows = new int[capacity];
  }

  /** Empties the plan. */
  public void clear() {
    size = 0;
    totalRows = 0;
    wakeNanos = NO_WAKE;
  }

  /**
   * Grants rows to a session.
   *
   * @param queue the queue that is planned
   * @param queueIndex its place, above the one added before
   * @param grantedRows at least 1; fewer than it wants for a chunk of a {@link WorkKind#PREFILL},
   *     and for a {@link WorkKind#BLOCK} whose last drafts are not looked at
   */
  public void add(WorkQueue queue, int queueIndex, int grantedRows) {
    queueIndexes[size] = queueIndex;
    sessions[size] = queue.session(queueIndex);
    kinds[size] = queue.kind(queueIndex);
    rows[size] = grantedRows;
    size++;
    totalRows += grantedRows;
  }

  /** Keeps the first so many sessions only. */
  public void truncate(int newSize) {
    while (size > newSize) {
      size--;
      totalRows -= rows[size];
    }
  }

  /**
   * Says that it is better to wait, for more work or until then; for an empty plan.
   *
   * @param nanos on the clock of the call
   */
  public void waitUntil(long nanos) {
    wakeNanos = nanos;
  }

  /** How many sessions take part. */
  public int size() {
    return size;
  }

  /** The rows of all of them. */
  public int totalRows() {
    return totalRows;
  }

  /** When to plan again if no work arrives before; {@link #NO_WAKE} for never. */
  public long wakeNanos() {
    return wakeNanos;
  }

  /** The place in the queue that was planned. */
  public int queueIndex(int index) {
    return queueIndexes[index];
  }

  /** The session. */
  public int session(int index) {
    return sessions[index];
  }

  /** What it gets. */
  public WorkKind kind(int index) {
    return kinds[index];
  }

  /** The rows granted. */
  public int rows(int index) {
    return rows[index];
  }
}
