package org.sled.device;

import java.util.ArrayList;
import java.util.List;

/** A fake target: its next token is a function of the tokens before it. */
public final class ScriptedText {
  public static final int VOCABULARY = 1000;

  /** Ends a generation. */
  static final int END = 999;

  private ScriptedText() {}

  /** The target's choice after these tokens; END only at the given length. */
  static int next(List<Integer> tokens, int endAt) {
    if (tokens.size() == endAt) {
      return END;
    }
    long hash = 7L + tokens.size();
    for (int i = Math.max(0, tokens.size() - 3); i < tokens.size(); i++) {
      hash = hash * 31 + tokens.get(i);
    }
    return Math.floorMod((hash * 0x9E3779B97F4A7C15L) >>> 20, VOCABULARY - 1);
  }

  /** What a generation of so many tokens gives after a prompt. */
  static List<Integer> stream(int[] prompt, int newTokens, int endAt) {
    List<Integer> tokens = new ArrayList<>();
    for (int token : prompt) {
      tokens.add(token);
    }
    List<Integer> emitted = new ArrayList<>();
    while (emitted.size() < newTokens) {
      int token = next(tokens, endAt);
      tokens.add(token);
      emitted.add(token);
      if (token == END) {
        break;
      }
    }
    return emitted;
  }
}
