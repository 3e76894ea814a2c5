package org.sled.core.kv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PrefixIndexTest {
  private final PrefixIndex index = new PrefixIndex();

  @Test
  void findsTheLongestCommonBeginning() {
    index.put(1, new int[] {5, 6, 7, 8});
    index.put(2, new int[] {5, 6, 9});
    index.put(3, new int[] {4});

    assertTrue(index.find(new int[] {5, 6, 7, 1}, 4, session -> true));
    assertEquals(1, index.session());
    assertEquals(3, index.tokens());

    assertTrue(index.find(new int[] {5, 6, 9, 9, 9}, 5, session -> true));
    assertEquals(2, index.session());
    assertEquals(3, index.tokens());

    assertFalse(index.find(new int[] {9, 5}, 2, session -> true));
  }

  @Test
  void takesAShorterOneIfTheLongestIsNotUsable() {
    index.put(1, new int[] {5, 6, 7, 8});
    index.put(2, new int[] {5, 6, 9});

    assertTrue(index.find(new int[] {5, 6, 7, 8}, 4, session -> session != 1));
    assertEquals(2, index.session());
    assertEquals(2, index.tokens());
    assertFalse(index.find(new int[] {5, 6, 7, 8}, 4, session -> false));
  }

  @Test
  void neverMoreThanAsked() {
    index.put(1, new int[] {5, 6, 7, 8});
    assertTrue(index.find(new int[] {5, 6, 7, 8}, 3, session -> true));
    assertEquals(3, index.tokens());
  }

  @Test
  void equalTokensOfManySessions() {
    for (int i = 0; i < 5; i++) {
      index.put(i, new int[] {1, 2, 3});
    }
    assertTrue(index.find(new int[] {1, 2, 3}, 3, session -> session == 4));
    assertEquals(3, index.tokens());
    for (int i = 0; i < 5; i++) {
      index.remove(i);
    }
    assertFalse(index.find(new int[] {1, 2, 3}, 3, session -> true));
    assertEquals(0, index.size());
  }

  /** Against a comparison with every session. */
  @Test
  void likeAPlainSearch() {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      PrefixIndex trie = new PrefixIndex();
      Map<Integer, int[]> all = new HashMap<>();
      for (int i = 0; i < 60; i++) {
        int session = random.nextInt(12);
        if (random.nextInt(3) == 0) {
          trie.remove(session);
          all.remove(session);
        } else {
          int[] tokens = random.ints(1 + random.nextInt(8), 0, 3).toArray();
          trie.put(session, tokens);
          all.put(session, tokens);
        }
        int[] wanted = random.ints(1 + random.nextInt(8), 0, 3).toArray();
        int best = 0;
        for (int[] tokens : all.values()) {
          int mismatch = Arrays.mismatch(tokens, wanted);
          best = Math.max(best, mismatch < 0 ? wanted.length : mismatch);
        }
        assertEquals(best > 0, trie.find(wanted, wanted.length, any -> true));
        if (best > 0) {
          assertEquals(best, trie.tokens());
          int[] found = all.get(trie.session());
          assertEquals(0, Arrays.compare(Arrays.copyOf(found, best), Arrays.copyOf(wanted, best)));
        }
      }
    }
  }
}
