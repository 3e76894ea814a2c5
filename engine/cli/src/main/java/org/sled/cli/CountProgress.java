package org.sled.cli;

import java.util.Locale;

/** How many of a known number are done: a line that is drawn anew, for a terminal only. */
final class CountProgress {
  private CountProgress() {}

  /**
   * Shows it, and ends the line when all are done.
   *
   * @param what they are, in the plural
   */
  static void show(Surroundings surroundings, int done, int all, String what) {
    if (surroundings.errIsTerminal()) {
      surroundings
          .err()
          .printf(Locale.ROOT, "\r%d of %d %s%s", done, all, what, done == all ? "\n" : "");
      surroundings.err().flush();
    }
  }
}
