package org.sled.device.text;

import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import org.sled.device.GenerationRequest;

/**
 * Says of each token of a text whether it completes a stop string; where a generation ends, on a
 * device and with the target alone. One thread at a time.
 */
public final class StopFinder {
  private final TextCutter cutter;
  private final IntFunction<String> detokenizer; // null: there is nothing to find
  private final IntPredicate stopTokens;

  /**
   * A text of which nothing came yet.
   *
   * @param stopStrings as in {@link GenerationRequest}
   * @param detokenizer gives the text that each next token completes, such as {@code new
   *     Detokenizer(model)::feed}; may be null if there are no stop strings
   * @throws IllegalArgumentException if the stop strings are none, or there is no detokenizer
   */
  public StopFinder(List<String> stopStrings, IntFunction<String> detokenizer) {
    this(stopStrings, token -> false, detokenizer);
  }

  /**
   * A text that certain tokens end as well.
   *
   * @param stopTokens see {@link StopTokens}
   * @see #StopFinder(List, IntFunction)
   */
  public StopFinder(
      List<String> stopStrings, IntPredicate stopTokens, IntFunction<String> detokenizer) {
    if (detokenizer == null && !stopStrings.isEmpty()) {
      throw new IllegalArgumentException(
          "stop strings need a tokenizer: set a draft model, if only for its vocabulary");
    }
    cutter = new TextCutter(stopStrings);
    this.stopTokens = stopTokens;
    this.detokenizer = stopStrings.isEmpty() ? null : detokenizer;
  }

  /** Takes the next token; whether the text is at its end with it. */
  public boolean completes(int token) {
    if (detokenizer == null) {
      return false;
    }
    cutter.feed(detokenizer.apply(token));
    return cutter.isStopped() || stopTokens.test(token);
  }
}
