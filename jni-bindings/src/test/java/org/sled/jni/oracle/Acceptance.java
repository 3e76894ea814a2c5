package org.sled.jni.oracle;

import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;
import org.sled.jni.Finish;
import org.sled.jni.SamplingParams;

/** What becomes of a block: the target's own choices, row by row, against the drafts. */
public final class Acceptance {
  private Acceptance() {}

  /**
   * When a generation ends.
   *
   * @param limit the committed length is never more than this
   * @param limitedByContext the limit is the context's, not the caller's
   * @param ends whether a token ends the generation
   */
  public record Ends(int limit, boolean limitedByContext, IntPredicate ends) {
    /** Why a generation is over when a token makes its length this. */
    Finish after(int token, int length) {
      if (ends.test(token)) {
        return Finish.STOP;
      }
      if (length >= limit) {
        return limitedByContext ? Finish.CONTEXT : Finish.LENGTH;
      }
      return Finish.NONE;
    }
  }

  /**
   * What a block came to.
   *
   * @param verified drafts that were looked at: the accepted ones and a refused one
   * @param accepted drafts that are committed
   * @param nextToken the target's own token after them
   */
  public record Verdict(int verified, int accepted, int nextToken, Finish finish) {}

  /** The walk over rows of logits, the first one after all committed tokens. */
  public static Verdict walk(
      float[][] rows, int[] committed, int[] drafts, SamplingParams params, Ends ends) {
    return walk(
        i -> CoupledSampling.choose(rows[i], history(committed, drafts, i), params),
        committed.length,
        drafts,
        ends);
  }

  /** What is before row i: the committed tokens, then the drafts of the block before it. */
  private static int[] history(int[] committed, int[] drafts, int i) {
    int[] history = Arrays.copyOf(committed, committed.length + i);
    System.arraycopy(drafts, 0, history, committed.length, i);
    return history;
  }

  /**
   * The walk. It ends at the first row where the target's token is not the draft, or where the
   * generation ends: that token is the target's own, also if it was drafted.
   *
   * @param choice the target's token after so many drafts
   * @param committed number of committed tokens
   */
  public static Verdict walk(IntUnaryOperator choice, int committed, int[] drafts, Ends ends) {
    for (int row = 0; ; row++) {
      int token = choice.applyAsInt(row);
      Finish finish = ends.after(token, committed + row + 1);
      boolean last = row == drafts.length;
      boolean drafted = !last && drafts[row] == token;
      if (!drafted || finish != Finish.NONE) {
        boolean refused = !last && !drafted;
        return new Verdict(refused ? row + 1 : row, row, token, finish);
      }
    }
  }
}
