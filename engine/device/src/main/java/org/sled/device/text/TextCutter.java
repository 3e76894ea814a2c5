package org.sled.device.text;

import java.util.Arrays;
import java.util.List;
import org.sled.device.Generation;

/**
 * Cuts a text, as it comes, before the first of several stop strings. What might be the beginning
 * of one is held back until that is decided.
 *
 * <p>The first one is the one that is complete first; where several are complete with the same
 * character, the longest. It is found however the text is split, also where its beginning comes
 * twice, as "aab" in "aaab": each stop string is followed by a Knuth-Morris-Pratt automaton, which
 * knows at every character the longest of its beginnings that the text ends with.
 *
 * <p>{@link Generation} ends with the token that completes a stop string, so what this gives for
 * its tokens' text is the text to show. One thread at a time.
 */
public final class TextCutter {
  private final List<String> stops;

  /** For each stop string and length: the longest beginning that is an end of that beginning. */
  private final int[][] borders;

  /** For each stop string: so many of its characters are the end of the text. */
  private final int[] matched;

  private final StringBuilder held = new StringBuilder();
  private boolean stopped;

  /**
   * A text of which nothing came yet.
   *
   * @param stopStrings at most 16 of 1 to 256 characters; none lets all text pass
   * @throws IllegalArgumentException if they are not such
   */
  public TextCutter(List<String> stopStrings) {
    StopStrings.check(stopStrings);
    stops = List.copyOf(stopStrings);
    borders = stops.stream().map(TextCutter::borders).toArray(int[][]::new);
    matched = new int[stops.size()];
  }

  private static int[] borders(String stop) {
    int[] borders = new int[stop.length() + 1];
    for (int length = 2; length <= stop.length(); length++) {
      borders[length] = next(stop, borders, borders[length - 1], stop.charAt(length - 1));
    }
    return borders;
  }

  /** How much of a stop string the text ends with, after one more character. */
  private static int next(String stop, int[] borders, int matched, char character) {
    int length = matched;
    while (length > 0 && stop.charAt(length) != character) {
      length = borders[length];
    }
    return stop.charAt(length) == character ? length + 1 : 0;
  }

  /**
   * Takes the next piece of the text, of whole characters.
   *
   * @return what is now certain to stand before any stop string; empty once {@link #isStopped}
   */
  public String feed(String piece) {
    if (stopped || stops.isEmpty()) {
      return stopped ? "" : piece;
    }
    for (int i = 0; i < piece.length(); i++) {
      held.append(piece.charAt(i));
      int found = longestCompletedBy(piece.charAt(i));
      if (found > 0) {
        stopped = true;
        String before = held.substring(0, held.length() - found);
        held.setLength(0);
        return before;
      }
    }
    int undecided = 0;
    for (int length : matched) {
      undecided = Math.max(undecided, length);
    }
    return release(held.length() - undecided);
  }

  /** Moves all stop strings on; the length of the longest one that is complete, or 0. */
  private int longestCompletedBy(char character) {
    int longest = 0;
    for (int i = 0; i < matched.length; i++) {
      String stop = stops.get(i);
      matched[i] = next(stop, borders[i], matched[i], character);
      if (matched[i] == stop.length()) {
        longest = Math.max(longest, stop.length());
      }
    }
    return longest;
  }

  /** The end of the text: what was held back, since no stop string came of it. */
  public String flush() {
    Arrays.fill(matched, 0); // none of it is held any more
    return release(held.length());
  }

  private String release(int length) {
    String text = held.substring(0, length);
    held.delete(0, length);
    return text;
  }

  /** Whether a stop string came: the text is at its end. */
  public boolean isStopped() {
    return stopped;
  }
}
