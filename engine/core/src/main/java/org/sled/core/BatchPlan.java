package org.sled.core;

/**
 * What goes into the next step: places of a {@link WorkQueue}, ascending, with the rows granted to
 * each. Reused; allocates only when created. Belongs to one thread.
 */
public final class BatchPlan {
  private final int[] queueIndexes;
  private final int[] sequences;
  private final WorkKind[] kinds;
  private final int[] rows;
  private int size;
  private int totalRows;

  /** Creates an empty plan for so many sessions. */
  public BatchPlan(int capacity) {
    queueIndexes = new int[capacity];
    sequences = new int[capacity];
    kinds = new WorkKind[capacity];
    rows = new int[capacity];
  }

  /** Empties the plan. */
  public void clear() {
    size = 0;
    totalRows = 0;
  }

  /**
   * Grants rows to a session.
   *
   * @param queue the queue that is planned
   * @param queueIndex its place, above the one added before
   * @param grantedRows at least 1; less than it wants only for {@link WorkKind#PREFILL}
   */
  public void add(WorkQueue queue, int queueIndex, int grantedRows) {
    queueIndexes[size] = queueIndex;
    sequences[size] = queue.sequence(queueIndex);
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

  /** How many sessions take part. */
  public int size() {
    return size;
  }

  /** The rows of all of them. */
  public int totalRows() {
    return totalRows;
  }

  /** The place in the queue that was planned. */
  public int queueIndex(int index) {
    return queueIndexes[index];
  }

  /** The session's sequence. */
  public int sequence(int index) {
    return sequences[index];
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
