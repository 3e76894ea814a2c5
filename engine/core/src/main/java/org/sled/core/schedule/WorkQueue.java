package org.sled.core.schedule;

import org.sled.core.cost.WorkKind;

/**
 * The sessions that wait for a step, in the order of their arrival.
 *
 * <p>A session waits with one piece of work at a time. Bounded by the number of sessions; allocates
 * only when created. Belongs to one thread.
 */
public final class WorkQueue {
  private final int[] sessions;
  private final int[] tenants;
  private final WorkKind[] kinds;
  private final int[] rows;
  private final int[] contextTokens;
  private final long[] arrivalNanos;
  private int size;

  /** Creates an empty queue for so many sessions. */
  public WorkQueue(int capacity) {
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity is " + capacity + ", below 1");
    }
    sessions = new int[capacity];
    tenants = new int[capacity];
    kinds = new WorkKind[capacity];
    rows = new int[capacity];
    contextTokens = new int[capacity];
    arrivalNanos = new long[capacity];
  }

  /**
   * Appends a session's work.
   *
   * @param session not in the queue yet
   * @param tenant whose share of the server it uses
   * @param kind what it wants
   * @param rowCount rows that it needs in all, at least 1
   * @param context tokens before them, at least 0
   * @param nowNanos when it arrived
   */
  public void add(
      int session, int tenant, WorkKind kind, int rowCount, int context, long nowNanos) {
    if (size == sessions.length) {
      throw new IllegalStateException("more work than sessions: " + size);
    }
    if (rowCount < 1) {
      throw new IllegalArgumentException("rowCount is " + rowCount + ", below 1");
    }
    sessions[size] = session;
    tenants[size] = tenant;
    kinds[size] = kind;
    rows[size] = rowCount;
    contextTokens[size] = context;
    arrivalNanos[size] = nowNanos;
    size++;
  }

  /** How many sessions wait. */
  public int size() {
    return size;
  }

  /** How many of them wait with a prompt. */
  public int prompts() {
    int prompts = 0;
    for (int i = 0; i < size; i++) {
      prompts += kinds[i] == WorkKind.PREFILL ? 1 : 0;
    }
    return prompts;
  }

  /** The session at a place in the queue, 0 the oldest. */
  public int session(int index) {
    return sessions[index];
  }

  /** Its tenant. */
  public int tenant(int index) {
    return tenants[index];
  }

  /** What it wants. */
  public WorkKind kind(int index) {
    return kinds[index];
  }

  /** The rows that it needs in all. */
  public int rows(int index) {
    return rows[index];
  }

  /** The tokens before them. */
  public int contextTokens(int index) {
    return contextTokens[index];
  }

  /** When it arrived, ns. */
  public long arrivalNanos(int index) {
    return arrivalNanos[index];
  }

  /** Takes a session out, whatever it waits for; nothing happens if it does not wait. */
  public void remove(int session) {
    for (int i = 0; i < size; i++) {
      if (sessions[i] == session) {
        removeAt(i);
        return;
      }
    }
  }

  /**
   * Takes what a plan has chosen out of the queue. A prompt of which only a chunk was granted stays
   * where it is, with the rest; of a block that was cut the rest is not wanted any more.
   */
  public void take(BatchPlan plan) {
    // Plans name places in ascending order: one walk moves those who stay together.
    int next = 0;
    int kept = plan.size() == 0 ? size : plan.queueIndex(0);
    for (int i = kept; i < size; i++) {
      if (next < plan.size() && plan.queueIndex(next) == i) {
        int rest = kinds[i] == WorkKind.PREFILL ? rows[i] - plan.rows(next) : 0;
        next++;
        if (rest == 0) {
          continue;
        }
        contextTokens[i] += rows[i] - rest;
        rows[i] = rest;
      }
      move(i, kept);
      kept++;
    }
    size = kept;
  }

  private void removeAt(int index) {
    for (int i = index + 1; i < size; i++) {
      move(i, i - 1);
    }
    size--;
  }

  private void move(int from, int to) {
    sessions[to] = sessions[from];
    tenants[to] = tenants[from];
    kinds[to] = kinds[from];
    rows[to] = rows[from];
    contextTokens[to] = contextTokens[from];
    arrivalNanos[to] = arrivalNanos[from];
  }
}
