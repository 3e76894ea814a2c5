package org.sled.simulator;

import java.util.ArrayList;
import java.util.List;

/**
 * What a simulated target says behind a prompt: each token is a function of those before it.
 *
 * @param tokens as many as were wanted; the last one may be {@link #END}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, nor a key
record KnownText(int[] prompt, int[] tokens) {
  static final int VOCABULARY = 1000;

  /** Ends a text. */
  static final int END = 999;

  /** No text ends before it is as long as is wanted. */
  static final int NEVER = -1;

  /**
   * Makes a text.
   *
   * @param count tokens at most
   * @param endAt length, with the prompt, behind which {@link #END} comes
   */
  static KnownText of(int[] prompt, int count, int endAt) {
    List<Integer> all = new ArrayList<>();
    for (int token : prompt) {
      all.add(token);
    }
    while (all.size() < prompt.length + count && (all.isEmpty() || last(all) != END)) {
      all.add(next(all, endAt));
    }
    int[] tokens = all.stream().skip(prompt.length).mapToInt(Integer::intValue).toArray();
    return new KnownText(prompt, tokens);
  }

  private static int last(List<Integer> tokens) {
    return tokens.get(tokens.size() - 1);
  }

  /** The target's choice after these tokens. */
  static int next(List<Integer> tokens, int endAt) {
    if (tokens.size() == endAt) {
      return END;
    }
    long hash = 7L + tokens.size();
    for (int i = Math.max(0, tokens.size() - 3); i < tokens.size(); i++) {
      hash = hash * 31 + tokens.get(i);
    }
    return Math.floorMod((hash * 0x9E3779B97F4A7C15L) >>> 20, END);
  }

  /** The token at a position of prompt and text. */
  int token(int position) {
    return position < prompt.length ? prompt[position] : tokens[position - prompt.length];
  }
}
