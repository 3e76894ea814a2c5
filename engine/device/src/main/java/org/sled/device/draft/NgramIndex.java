package org.sled.device.draft;

import java.util.Arrays;
import org.sled.device.stream.TokenHistory;

/**
 * Where each n-gram of a text, for one n, was last followed by another token.
 *
 * <p>A hash table with open addressing that holds positions only: the tokens stand in the {@link
 * TokenHistory}, so that an entry takes 8 to 16 bytes, and what is found is what was looked for.
 * Nothing is allocated but when it grows. One thread at a time.
 */
final class NgramIndex {
  /** What {@link #find} gives where there is nothing: before an n-gram's end there are tokens. */
  static final int NONE = 0;

  private static final int FIRST_SLOTS = 1024;

  private final int length;
  private int[] ends = new int[FIRST_SLOTS]; // behind the n-gram's last token; NONE: free
  private int count;

  /** Of n-grams of so many tokens. */
  NgramIndex(int length) {
    this.length = length;
  }

  /** Forgets the text. */
  void clear() {
    Arrays.fill(ends, NONE);
    count = 0;
  }

  /** The position behind the newest n-gram that equals the one that ends before this position. */
  int find(TokenHistory history, int end) {
    return end < length ? NONE : ends[slot(history, end)];
  }

  /** Takes in the n-gram that ends before this position, in place of an older one. */
  void put(TokenHistory history, int end) {
    if (end < length) {
      return;
    }
    int slot = slot(history, end);
    if (ends[slot] == NONE && ++count > ends.length / 2) {
      grow(history);
      slot = slot(history, end);
    }
    ends[slot] = end;
  }

  private void grow(TokenHistory history) {
    int[] old = ends;
    ends = new int[2 * old.length];
    for (int end : old) {
      if (end != NONE) {
        ends[slot(history, end)] = end;
      }
    }
  }

  /** Where this n-gram is, or has its place. */
  private int slot(TokenHistory history, int end) {
    int mask = ends.length - 1;
    int slot = hash(history, end) & mask;
    while (ends[slot] != NONE && !equal(history, ends[slot], end)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private int hash(TokenHistory history, int end) {
    int hash = 0;
    for (int i = end - length; i < end; i++) {
      hash = (hash ^ history.get(i)) * 0x9E3779B1; // 2^32 / golden ratio: spreads neighbours
      hash ^= hash >>> 15;
    }
    return hash;
  }

  private boolean equal(TokenHistory history, int one, int other) {
    for (int i = 1; i <= length; i++) {
      if (history.get(one - i) != history.get(other - i)) {
        return false;
      }
    }
    return true;
  }
}
