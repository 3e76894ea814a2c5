package org.sled.device.text;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import org.sled.jni.Model;

/**
 * Stop strings that are control tokens, such as {@code <|end|>}. Such a token has no text where it
 * is generated, so it is known by its id.
 */
public final class StopTokens {
  private StopTokens() {}

  /**
   * Says of a token whether a text ends with it.
   *
   * @throws IllegalArgumentException if a stop string has a control token beside other text, which
   *     no text ever has
   */
  public static IntPredicate of(Model tokenizer, List<String> stopStrings) {
    Set<Integer> tokens = new HashSet<>();
    for (String stop : stopStrings) {
      int[] ids = tokenizer.tokenize(stop, false, true);
      for (int id : ids) {
        if (tokenizer.isControl(id)) {
          requireAlone(tokenizer, id, ids, stop);
          tokens.add(id);
        }
      }
    }
    return tokens::contains;
  }

  private static void requireAlone(Model tokenizer, int token, int[] ids, String stop) {
    if (ids.length > 1) {
      String name = tokenizer.textOf(token);
      throw new IllegalArgumentException(
          "the stop string '"
              + stop
              + "' would never be found: the control token "
              + name
              + " gives no text; give "
              + name
              + " alone, or the text without it");
    }
  }
}
