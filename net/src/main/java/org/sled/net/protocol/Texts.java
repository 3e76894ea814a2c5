package org.sled.net.protocol;

import java.nio.charset.StandardCharsets;
import org.sled.net.limit.Quoted;

/** Bounds of the texts in frames, in bytes of UTF-8. */
final class Texts {
  private Texts() {}

  static void requireFits(String text, int maxBytes, String name) {
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > maxBytes) {
      throw new IllegalArgumentException(name + " has " + bytes + " bytes, above " + maxBytes);
    }
  }

  /**
   * A text for people: one line without control characters, cut so that it fits. Both sides make it
   * so, whoever the other one is, since it gets into logs and onto terminals.
   */
  static String forPeople(String text, int maxBytes) {
    return cut(Quoted.line(text), maxBytes);
  }

  /** Cuts a text so that it fits, between characters. */
  static String cut(String text, int maxBytes) {
    String result = text;
    while (result.getBytes(StandardCharsets.UTF_8).length > maxBytes) {
      // A character has at most 3 bytes per char, so this never cuts more than it must by far, and
      // ends after few turns.
      int excess = result.getBytes(StandardCharsets.UTF_8).length - maxBytes;
      int end = result.length() - Math.max(1, excess / 3);
      result =
          result.substring(0, Character.isHighSurrogate(result.charAt(end - 1)) ? end - 1 : end);
    }
    return result;
  }
}
