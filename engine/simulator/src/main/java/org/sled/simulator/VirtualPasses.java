package org.sled.simulator;

import java.util.Arrays;
import org.sled.core.cost.RowRule;

/**
 * What the passes of a simulated step take. Sessions of equal length, or padded to one, share a
 * pass, as the engine arranges them; the cheapest arrangement is taken. One thread.
 */
final class VirtualPasses {
  private final VirtualServing serving;
  private final RowRule rule;
  private final int passRows;
  private final int[] lengths;
  private final long[] best; // of the first so many sessions
  private final int[] from; // where the last pass of those begins
  private int sessions;
  private int withoutResult; // rows
  private int count;
  private int rows;

  /**
   * Creates an empty step.
   *
   * @param passRows rows of a pass at most; a longer session has one of its own
   * @param capacity sessions at most
   */
  VirtualPasses(VirtualServing serving, RowRule rule, int passRows, int capacity) {
    this.serving = serving;
    this.rule = rule;
    this.passRows = passRows;
    lengths = new int[capacity];
    best = new long[capacity + 1];
    from = new int[capacity + 1];
  }

  /** Empties it. */
  void clear() {
    sessions = 0;
    withoutResult = 0;
  }

  /** Adds a session with so many rows, of which so many have results. */
  void add(int sessionRows, int results) {
    lengths[sessions++] = sessionRows;
    withoutResult += sessionRows - results;
  }

  /** Puts all of them into passes. */
  void arrange() {
    Arrays.sort(lengths, 0, sessions);
    for (int end = 1; end <= sessions; end++) {
      best[end] = Long.MAX_VALUE;
      int longest = lengths[end - 1];
      for (int begin = end - 1; begin >= 0; begin--) {
        if (begin < end - 1 && (end - begin) * longest > passRows) {
          break;
        }
        long nanos = best[begin] + serving.passTime().nanos(end - begin, longest);
        if (nanos < best[end]) {
          best[end] = nanos;
          from[end] = begin;
        }
      }
    }
    count = 0;
    rows = 0;
    for (int end = sessions; end > 0; end = from[end]) {
      int members = end - from[end];
      count++;
      rows += members * rule.fillEach(members, lengths[end - 1]);
    }
  }

  /** Time of all passes, ns. */
  long nanos() {
    // However much results are said to take, reading the weights takes the rest.
    return Math.max(best[sessions] / 2, best[sessions] - withoutResult * serving.resultNanos());
  }

  /** How many there are. */
  int count() {
    return count;
  }

  /** Rows that are computed in them, padding included. */
  int rows() {
    return rows;
  }
}
