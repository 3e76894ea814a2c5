package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenDigest;
import org.sled.net.protocol.TokenIds;

class StreamFinderTest {
  private static final int TOKENS = 1000;
  private static final int SESSIONS = 400;

  private final CountingTarget engine = new CountingTarget(SESSIONS, 1);
  private final StreamFinder finder = new StreamFinder(engine, SESSIONS);

  private static int[] tokens(int count, int seed) {
    return IntStream.range(0, count).map(i -> 31 * seed + i).toArray();
  }

  private int open(int count, int seed) {
    int number = engine.openSession(TokenIds.of(tokens(count, seed)), 0, false, Sampling.GREEDY);
    finder.note(number, count);
    return number;
  }

  private StreamFinder.Stream find(int count, int seed) {
    return finder.find(count, TokenDigest.of(tokens(count, seed), count));
  }

  @Test
  void findsTheBeginningOfALongerStream() {
    open(50, 1);
    int wanted = open(60, 2);
    open(70, 3);
    for (int count : new int[] {1, 40, 59, 60}) {
      StreamFinder.Stream found = find(count, 2);
      assertEquals(wanted, found.number());
      assertEquals(TokenIds.of(tokens(count, 2)), found.tokens());
    }
    assertNull(find(61, 2), "nobody has so many of it");
    assertNull(find(40, 9));
    assertNull(finder.find(40, TokenDigest.of(tokens(39, 2), 39)), "the digest of fewer tokens");
  }

  @Test
  void whatIsGoneIsNotFound() {
    int gone = open(60, 2);
    finder.note(gone, 0);
    engine.closeSession(gone);
    assertNull(find(60, 2));
  }

  @Test
  void looksAtTheNextLongerOnesFirstAndNotAtAll() {
    int nearest = open(TOKENS + 1, 0);
    for (int i = 1; i < 300; i++) {
      open(TOKENS + 2, i);
    }
    int farthest = open(TOKENS + 3, 300);
    assertEquals(nearest, find(TOKENS, 0).number());
    assertNull(find(TOKENS, 300), "more than a lookup may cost");
    int[] all = tokens(TOKENS + 3, 300);
    assertEquals(farthest, finder.find(TOKENS + 3, TokenDigest.of(all, all.length)).number());
  }

  @Test
  void aStreamLongerThanTheBoundIsLookedAtAlone() {
    int[] all = new int[300_000];
    Arrays.setAll(all, i -> i);
    int number = engine.openSession(TokenIds.of(all), 0, false, Sampling.GREEDY);
    finder.note(number, all.length);
    assertEquals(number, finder.find(all.length, TokenDigest.of(all, all.length)).number());
  }
}
