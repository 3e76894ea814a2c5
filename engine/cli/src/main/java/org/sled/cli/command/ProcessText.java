package org.sled.cli.command;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.sled.bench.load.Utf8;

/**
 * Arguments and variables of this process as the bytes that they are, UTF-8 whatever the locale
 * says: the JVM turns what its locale does not know into other characters without a word.
 */
public final class ProcessText {
  private static final Path ARGUMENTS = Path.of("/proc/self/cmdline");
  private static final Path VARIABLES = Path.of("/proc/self/environ");

  private ProcessText() {}

  /**
   * The arguments of {@code main}, read anew if one of them has other characters than ASCII.
   *
   * @throws IllegalArgumentException which argument is no UTF-8, and where
   */
  public static String[] arguments(String... args) {
    return Arrays.stream(args).allMatch(ProcessText::isAscii)
        ? args
        : arguments(pieces(ARGUMENTS), args);
  }

  /** Decodes the process's pieces, of which the last ones are the arguments. */
  public static String[] arguments(List<byte[]> pieces, String... args) {
    int first = pieces.size() - args.length;
    if (first < 0) {
      return args; // no /proc here
    }
    String[] texts = new String[args.length];
    for (int i = 0; i < args.length; i++) {
      texts[i] = Utf8.text(pieces.get(first + i), "argument " + (i + 1));
    }
    return texts;
  }

  /**
   * A variable of the environment; null if it is not set.
   *
   * @throws IllegalArgumentException if it is no UTF-8
   */
  static String variable(String name) {
    String value = System.getenv(name);
    if (value == null || isAscii(value)) {
      return value;
    }
    byte[] start = (name + "=").getBytes(StandardCharsets.UTF_8);
    for (byte[] piece : pieces(VARIABLES)) {
      if (piece.length >= start.length
          && Arrays.equals(piece, 0, start.length, start, 0, start.length)) {
        return Utf8.text(Arrays.copyOfRange(piece, start.length, piece.length), name);
      }
    }
    return value;
  }

  private static boolean isAscii(String text) {
    return text.chars().allMatch(character -> character < 0x80);
  }

  /** What stands between zero bytes in a file of /proc; nothing where there is none. */
  private static List<byte[]> pieces(Path file) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (IOException e) {
      return List.of();
    }
    return split(bytes);
  }

  static List<byte[]> split(byte... bytes) {
    List<byte[]> pieces = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == 0) {
        pieces.add(Arrays.copyOfRange(bytes, start, i));
        start = i + 1;
      }
    }
    return pieces;
  }
}
