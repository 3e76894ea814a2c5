package org.sled.bench.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenizerFingerprint;

/** Traces of a draft model that never was: its drafts are right with a chance that it knows. */
public final class MadeTraces {
  private static final int VOCABULARY = 1000;

  private MadeTraces() {}

  /**
   * Texts of which each draft is right with a chance that is drawn, too: high for most, low for
   * some.
   *
   * @param acceptance the mean chance, from 0.5 to 1
   * @param length of each text, tokens
   */
  public static DraftTrace of(double acceptance, int texts, int length, long seed) {
    Random random = new Random(seed);
    List<TraceStream> streams = new ArrayList<>();
    for (int i = 0; i < texts; i++) {
      streams.add(stream(i, acceptance, length, random));
    }
    TraceHeader header =
        new TraceHeader(
            TraceHeader.FORMAT,
            TraceHeader.VERSION,
            "made",
            "made",
            "0123456789abcdef",
            new TokenizerFingerprint(VOCABULARY, -1, 2, 3, 4),
            1,
            1);
    return new DraftTrace(header, streams);
  }

  private static TraceStream stream(int number, double acceptance, int length, Random random) {
    int[] tokens = random.ints(length, 10, VOCABULARY).toArray();
    int[][] drafts = new int[length][0];
    float[][] confidence = new float[length][0];
    for (int i = 0; i < length; i++) {
      // Half of what is missing from 1 is in every third position.
      double chance = i % 3 == 0 ? 1 - 1.5 * (1 - acceptance) : 1 - 0.75 * (1 - acceptance);
      boolean right = random.nextDouble() < chance;
      drafts[i] = new int[] {right ? tokens[i] : 1 + random.nextInt(8)};
      confidence[i] = new float[] {(float) chance};
    }
    return new TraceStream(
        number,
        new int[] {1 + number, 2, 3},
        length,
        true,
        Sampling.GREEDY,
        tokens,
        0,
        drafts,
        confidence,
        new int[length],
        new int[length]);
  }
}
