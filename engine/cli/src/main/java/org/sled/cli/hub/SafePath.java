package org.sled.cli.hub;

import java.nio.charset.StandardCharsets;

/** Names of files that a hub gives, which become paths below a directory of ours. */
final class SafePath {
  private static final int MOST_BYTES = 1024;

  /** Of most file systems, with room for what is added to a name. */
  private static final int MOST_BYTES_OF_A_PART = 240;

  private SafePath() {}

  /** Whether a name stays below the directory that it is resolved against, on any system. */
  static boolean isSafe(String name) {
    if (name.isEmpty()
        || name.indexOf('\\') >= 0
        || name.getBytes(StandardCharsets.UTF_8).length > MOST_BYTES
        || !name.codePoints().allMatch(SafePath::isVisible)) {
      return false;
    }
    for (String part : name.split("/", -1)) {
      if (part.isEmpty()
          || part.equals(".")
          || part.equals("..")
          || part.getBytes(StandardCharsets.UTF_8).length > MOST_BYTES_OF_A_PART) {
        return false;
      }
    }
    return true;
  }

  private static boolean isVisible(int character) {
    int type = Character.getType(character);
    return !Character.isISOControl(character)
        && type != Character.FORMAT
        && type != Character.SURROGATE
        && type != Character.LINE_SEPARATOR
        && type != Character.PARAGRAPH_SEPARATOR
        && type != Character.UNASSIGNED;
  }
}
