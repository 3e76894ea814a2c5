package org.sled.core.schedule;

import java.util.Arrays;
import org.sled.core.cost.WorkKind;

/**
 * Who goes first if not all can: the tenant that had least of the server so far, and of a tenant
 * the session that waits longest. A tenant that comes back after a pause has no claim on what it
 * did not use.
 *
 * <p>Pure; belongs to one thread; allocates only when created, or when a tenant's number is new.
 */
final class FairOrder {
  private static final int NONE = -1;

  private double[] served = new double[16]; // by tenant, in rows
  private int[] first = new int[16]; // by tenant: its oldest place that waits, while choosing
  private int[] last = new int[16];
  private final int[] next; // by place in the queue
  private final int[] heap; // tenants with waiting work, least served first
  private int heapSize;
  private double level; // what the least served tenant had when somebody was served last

  FairOrder(int capacity) {
    next = new int[capacity];
    heap = new int[capacity];
    Arrays.fill(first, NONE);
  }

  /**
   * Chooses blocks and pushes.
   *
   * @param chosen filled with places in the queue, ascending
   * @param mostRows rows in all, where a block counts with one: its drafts can be cut
   * @return how many were chosen
   */
  int choose(WorkQueue queue, int mostRows, int[] chosen) {
    int count = 0;
    int waiting = queue.size() - queue.prompts();
    if (waiting <= mostRows) {
      for (int i = 0; i < queue.size(); i++) {
        if (queue.kind(i) != WorkKind.PREFILL) {
          chosen[count++] = i;
        }
      }
      return count;
    }
    collect(queue);
    while (count < mostRows) {
      int tenant = heap[0];
      int place = first[tenant];
      chosen[count++] = place;
      served[tenant]++; // what it will be charged at least
      first[tenant] = next[place];
      if (first[tenant] == NONE) {
        heap[0] = heap[--heapSize];
      }
      sink(0);
    }
    for (int i = 0; i < count; i++) {
      served[queue.tenant(chosen[i])]--;
    }
    while (heapSize > 0) {
      first[heap[--heapSize]] = NONE;
    }
    Arrays.sort(chosen, 0, count);
    return count;
  }

  /** Charges what was granted. */
  void charge(WorkQueue queue, BatchPlan plan) {
    double least = Double.MAX_VALUE;
    for (int i = 0; i < plan.size(); i++) {
      int tenant = queue.tenant(plan.queueIndex(i));
      grow(tenant);
      served[tenant] = Math.max(served[tenant], level) + plan.rows(i);
      least = Math.min(least, served[tenant]);
    }
    if (plan.size() > 0) {
      // Nobody may save up more than a step's worth.
      level = Math.max(level, least - plan.totalRows());
    }
  }

  private void collect(WorkQueue queue) {
    for (int i = 0; i < queue.size(); i++) {
      if (queue.kind(i) == WorkKind.PREFILL) {
        continue;
      }
      int tenant = queue.tenant(i);
      grow(tenant);
      next[i] = NONE;
      if (first[tenant] == NONE) {
        first[tenant] = i;
        served[tenant] = Math.max(served[tenant], level);
        heap[heapSize++] = tenant;
        rise(heapSize - 1);
      } else {
        next[last[tenant]] = i;
      }
      last[tenant] = i;
    }
  }

  private void grow(int tenant) {
    if (tenant >= served.length) {
      int size = Math.max(tenant + 1, served.length * 2);
      int old = first.length;
      served = Arrays.copyOf(served, size);
      first = Arrays.copyOf(first, size);
      last = Arrays.copyOf(last, size);
      Arrays.fill(first, old, size, NONE);
    }
  }

  private boolean before(int tenant, int other) {
    return served[tenant] < served[other]
        || (served[tenant] == served[other] && first[tenant] < first[other]);
  }

  private void rise(int start) {
    int place = start;
    while (place > 0 && before(heap[place], heap[(place - 1) / 2])) {
      swap(place, (place - 1) / 2);
      place = (place - 1) / 2;
    }
  }

  private void sink(int start) {
    int place = start;
    while (2 * place + 1 < heapSize) {
      int child = 2 * place + 1;
      if (child + 1 < heapSize && before(heap[child + 1], heap[child])) {
        child++;
      }
      if (!before(heap[child], heap[place])) {
        return;
      }
      swap(place, child);
      place = child;
    }
  }

  private void swap(int a, int b) {
    int tenant = heap[a];
    heap[a] = heap[b];
    heap[b] = tenant;
  }
}
