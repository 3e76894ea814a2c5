package org.sled.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Says early that a process may open too few files: later the JVM would not find its own classes.
 * Uses nothing but the JDK, since every further jar is an open file.
 */
public final class OpenFilesCheck {
  /**
   * The JVM keeps some 45 jars and libraries open; the daemon needs 10 for its event loops and
   * ports, and what it reserves beside the connections of devices.
   */
  static final int LEAST_FILES = 100;

  private static final Path LIMITS = Path.of("/proc/self/limits");
  private static final String LINE = "Max open files";

  private OpenFilesCheck() {}

  /** What is wrong, as a sentence, or null; null also where the limit cannot be read. */
  public static String problem() {
    try {
      return problem(Files.readString(LIMITS));
    } catch (IOException e) {
      return null; // no Linux
    }
  }

  /** Reads the limit from the text of {@code /proc/self/limits}. */
  public static String problem(String limits) {
    for (String line : limits.lines().toList()) {
      if (line.startsWith(LINE)) {
        String soft = firstWord(line.substring(LINE.length()).trim());
        boolean tooFew =
            soft.chars().allMatch(Character::isDigit)
                && soft.length() < 4
                && Integer.parseInt(soft) < LEAST_FILES;
        return tooFew
            ? "this process may have only "
                + soft
                + " files open, SLED needs at least "
                + LEAST_FILES
                + "; raise the limit: ulimit -n 1024, or LimitNOFILE=1024 in a systemd unit"
            : null;
      }
    }
    return null;
  }

  private static String firstWord(String text) {
    int end = text.indexOf(' ');
    return end < 0 ? text : text.substring(0, end);
  }
}
