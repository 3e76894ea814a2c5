package org.sled.bench.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Drafts of a worse model than was recorded: some right ones are made wrong, by a seeded rule,
 * until the per-position acceptance is what is wanted. A mistake that was made has the probability
 * of a recorded one. Immutable; any thread.
 */
public final class DegradedDrafter {
  private final DraftTrace trace;
  private final float[] mistakes; // probabilities that the model gave to wrong drafts
  private final double acceptance;

  /** Worse drafts for a trace. */
  public DegradedDrafter(DraftTrace trace) {
    this.trace = trace;
    List<Float> wrong = new ArrayList<>();
    long right = 0;
    long all = 0;
    for (TraceStream stream : trace.streams()) {
      for (int i = 0; i < stream.tokens().length; i++) {
        if (stream.drafts()[i].length > 0) {
          all++;
          if (isRight(stream, i)) {
            right++;
          } else {
            wrong.add(stream.confidence()[i][0]);
          }
        }
      }
    }
    mistakes = new float[wrong.size()];
    for (int i = 0; i < mistakes.length; i++) {
      mistakes[i] = wrong.get(i);
    }
    acceptance = (double) right / all;
  }

  private static boolean isRight(TraceStream stream, int index) {
    return stream.drafts()[index].length > 0 && stream.drafts()[index][0] == stream.tokens()[index];
  }

  /** P(a draft matches, given that all before it did) as recorded, over all positions. */
  public double recordedAcceptance() {
    return acceptance;
  }

  /** Per-position acceptance of one generation. */
  public static double acceptance(TraceStream stream) {
    int right = 0;
    int all = 0;
    for (int i = 0; i < stream.tokens().length; i++) {
      all += stream.drafts()[i].length > 0 ? 1 : 0;
      right += isRight(stream, i) ? 1 : 0;
    }
    return (double) right / all;
  }

  /**
   * One of the trace's generations, with worse drafts.
   *
   * @param stream of the trace
   * @param wanted per-position acceptance, at most {@link #recordedAcceptance}; a single generation
   *     is above or below it
   */
  public DraftTrace of(TraceStream stream, double wanted, long seed) {
    double keep = Math.min(1, wanted / acceptance);
    Random random = new Random(seed);
    int length = stream.tokens().length;
    int[][] drafts = new int[length][];
    float[][] confidence = new float[length][];
    int vocabularySize = trace.header().fingerprint().vocabularySize();
    for (int i = 0; i < length; i++) {
      drafts[i] = stream.drafts()[i];
      confidence[i] = stream.confidence()[i];
      // Only the first counts: behind a right one the next position's first is proposed.
      if (isRight(stream, i) && random.nextDouble() >= keep) {
        drafts[i] = drafts[i].clone();
        confidence[i] = confidence[i].clone();
        drafts[i][0] = (drafts[i][0] + 1) % vocabularySize;
        confidence[i][0] =
            mistakes.length == 0 ? Float.NaN : mistakes[random.nextInt(mistakes.length)];
      }
    }
    return new DraftTrace(trace.header(), List.of(stream.withDrafts(drafts, confidence)));
  }
}
