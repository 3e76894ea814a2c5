package org.sled.device.text;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** What a list of stop strings may be. */
public final class StopStrings {
  /** Stop strings of a request at most. */
  public static final int MAX_COUNT = 16;

  /** Characters (code points) of a stop string at most. */
  public static final int MAX_CHARACTERS = 256;

  private StopStrings() {}

  /**
   * Checks a list.
   *
   * @throws IllegalArgumentException what is wrong with it
   */
  public static void check(List<String> stopStrings) {
    if (stopStrings.size() > MAX_COUNT) {
      throw new IllegalArgumentException(
          stopStrings.size() + " stop strings are too many: at most " + MAX_COUNT);
    }
    for (String stop : stopStrings) {
      int characters = stop.codePointCount(0, stop.length());
      if (characters < 1 || characters > MAX_CHARACTERS) {
        throw new IllegalArgumentException(
            "a stop string has " + characters + " characters; it must be 1 to " + MAX_CHARACTERS);
      }
      // No text ever holds half a character, so it would never be found.
      if (!StandardCharsets.UTF_8.newEncoder().canEncode(stop)) {
        throw new IllegalArgumentException("a stop string is not a valid text: half a character");
      }
    }
  }
}
