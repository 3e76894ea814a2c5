package org.sled.server;

import java.util.Arrays;
import org.sled.net.protocol.TokenDigest;
import org.sled.net.protocol.TokenIds;

/**
 * Finds a stream that is to be resumed, by the digest of its committed tokens, among the sessions
 * that the server still has. Verifier thread only.
 *
 * <p>Digests are computed when they are asked for, so that rounds need not keep any. A lookup reads
 * and hashes C tokens of each session that has so many, about 5 ns each (measured; more before the
 * code is compiled): hence some 1.4 ms for {@link #MOST_TOKENS}, which is little beside a step. One
 * session is looked at in any case. Mostly it is no more: the one whose length is next to C comes
 * first, and a device is behind its server by a few tokens at most.
 */
final class StreamFinder {
  /** Tokens that one lookup hashes at most, over all sessions. */
  private static final int MOST_TOKENS = 1 << 18;

  private final TargetEngine engine;
  private final int[] committed; // by number; 0: not there

  /**
   * A stream that was found.
   *
   * @param number of its session
   * @param tokens those that were asked for
   */
  record Stream(int number, TokenIds tokens) {}

  StreamFinder(TargetEngine engine, int sessionCount) {
    this.engine = engine;
    committed = new int[sessionCount];
  }

  /** A session has so many committed tokens now; 0 when it is gone. */
  void note(int number, int committedTokens) {
    committed[number] = committedTokens;
  }

  /**
   * Looks for a session whose first {@code count} committed tokens have this digest.
   *
   * @return null if there is none, or none within what a lookup may cost
   */
  Stream find(int count, long digest) {
    // A session's number behind what it has more than that: sorted, the likeliest come first.
    long[] candidates = new long[committed.length];
    int candidateCount = 0;
    for (int number = 0; number < committed.length; number++) {
      if (committed[number] >= count) {
        candidates[candidateCount++] = (long) (committed[number] - count) << Integer.SIZE | number;
      }
    }
    Arrays.sort(candidates, 0, candidateCount);
    int most = Math.min(candidateCount, Math.max(1, MOST_TOKENS / count));
    for (int i = 0; i < most; i++) {
      int number = (int) candidates[i];
      int[] tokens = engine.committedTokens(number, count);
      if (TokenDigest.of(tokens, count) == digest) {
        return new Stream(number, TokenIds.of(tokens));
      }
    }
    return null;
  }
}
