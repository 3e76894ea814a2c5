package org.sled.core;

/**
 * The sessions that wait for a step, in the order of their arrival.
 *
 * <p>A session waits with one piece of work at a time. Bounded by the number of sessions; allocates
 * only when created. Belongs to one thread.
 */
public final class WorkQueue {
  private final int[] sequences;
  private final WorkKind[] kinds;
  private final int[] rows;
  private final long[] arrivalNanos;
  private int size;

  /** Creates an empty queue for so many sessions. */
  public WorkQueue(int capacity) {
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity is " + capacity + ", below 1");
    }
    sequences = new int[capacity];
    kinds = new WorkKind[capacity];
    rows = new int[capacity];
    arrivalNanos = new long[capacity];
  }

  /**
   * Appends a session's work.
   *
   * @param sequence the session's sequence, not in the queue yet
   * @param kind what it wants
   * @param rowCount rows that it needs in all, at least 1
   * @param nowNanos when it arrived
   */
  public void add(int sequence, WorkKind kind, int rowCount, long nowNanos) {
    if (size == sequences.length) {
      throw new IllegalStateException("more work than sessions: " + size);
    }
    if (rowCount < 1) {
      throw new IllegalArgumentException("rowCount is " + rowCount + ", below 1");
    }
    sequences[size] = sequence;
    kinds[size] = kind;
    rows[size] = rowCount;
    arrivalNanos[size] = nowNanos;
    size++;
  }

  /** How many sessions wait. */
  public int size() {
    return size;
  }

  /** The sequence at a place in the queue, 0 the oldest. */
  public int sequence(int index) {
    return sequences[index];
  }

  /** What it wants. */
  public WorkKind kind(int index) {
    return kinds[index];
  }

  /** The rows that it needs in all. */
  public int rows(int index) {
    return rows[index];
  }

  /** When it arrived, ns. */
  public long arrivalNanos(int index) {
    return arrivalNanos[index];
  }

  /** Takes a session out, whatever it waits for; nothing happens if it does not wait. */
  public void remove(int sequence) {
    for (int i = 0; i < size; i++) {
      if (sequences[i] == sequence) {
        removeAt(i);
        return;
      }
    }
  }

  /**
   * Takes what a plan has chosen out of the queue. A prompt of which only a chunk was granted stays
   * where it is, with the rest.
   */
  public void take(BatchPlan plan) {
    // From the back, so that the places of the others stay valid; plans name places in ascending
    // order.
    for (int i = plan.size() - 1; i >= 0; i--) {
      int index = plan.queueIndex(i);
      int rest = rows[index] - plan.rows(i);
      if (rest > 0) {
        rows[index] = rest;
      } else {
        removeAt(index);
      }
    }
  }

  private void removeAt(int index) {
    size--;
    int moved = size - index;
    System.arraycopy(sequences, index + 1, sequences, index, moved);
    System.arraycopy(kinds, index + 1, kinds, index, moved);
    System.arraycopy(rows, index + 1, rows, index, moved);
    System.arraycopy(arrivalNanos, index + 1, arrivalNanos, index, moved);
  }
}
