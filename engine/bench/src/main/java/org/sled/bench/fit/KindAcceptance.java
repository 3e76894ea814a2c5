package org.sled.bench.fit;

import java.util.ArrayList;
import java.util.List;
import org.sled.bench.report.Rounding;
import org.sled.bench.trace.TraceStream;

/**
 * How often the draft model is right in texts of a kind.
 *
 * @param kind of text
 * @param texts that were recorded
 * @param positions of their tokens, the first one of each left out: it comes with the prompt
 * @param acceptance share of these where the first proposal is the target's token: the chance of a
 *     draft if all before it are right; null without any
 * @param tokensPerBlock tokens that a block of so many drafts brings on average, the target's own
 *     included, at index 0 for one draft; empty without any
 */
public record KindAcceptance(
    String kind, int texts, int positions, Double acceptance, List<Double> tokensPerBlock) {
  /** Longest block in {@link #tokensPerBlock}, drafts. */
  public static final int LONGEST_BLOCK = 8;

  /** Of the texts of a kind. */
  public static KindAcceptance of(String kind, List<TraceStream> streams) {
    int positions = 0;
    int right = 0;
    double[] accepted = new double[LONGEST_BLOCK];
    for (TraceStream stream : streams) {
      int length = stream.tokens().length;
      int run = 0; // right ones in succession from here on
      for (int i = length - 1; i >= 1; i--) {
        run = isRight(stream, i) ? run + 1 : 0;
        positions++;
        right += run > 0 ? 1 : 0;
        for (int drafts = 1; drafts <= LONGEST_BLOCK; drafts++) {
          accepted[drafts - 1] += Math.min(run, drafts);
        }
      }
    }
    List<Double> perBlock = new ArrayList<>();
    for (int i = 0; i < LONGEST_BLOCK && positions > 0; i++) {
      perBlock.add(Rounding.round(1 + accepted[i] / positions));
    }
    return new KindAcceptance(
        kind,
        streams.size(),
        positions,
        positions == 0 ? null : Rounding.round((double) right / positions),
        perBlock);
  }

  private static boolean isRight(TraceStream stream, int index) {
    int[] drafts = stream.drafts()[index];
    return drafts.length > 0 && drafts[0] == stream.tokens()[index];
  }
}
