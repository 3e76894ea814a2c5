package org.sled.cli.options;

import java.util.ArrayList;
import java.util.List;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.device.text.StopStrings;
import org.sled.device.text.StopTokens;
import org.sled.jni.Model;
import picocli.CommandLine.Option;

/** Where to end a text. */
public final class StopOptions {
  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description =
          "End before this text; \\n, \\t and \\\\ stand for a line break, a tab and a backslash."
              + " A control token ends it too, such as <|end|>. May be given several times.")
  private List<String> stops = new ArrayList<>();

  /**
   * The texts as they are meant.
   *
   * @throws CommandFailure if one is none
   */
  public List<String> strings() {
    List<String> strings = stops.stream().map(StopOptions::unescape).toList();
    try {
      StopStrings.check(strings);
    } catch (IllegalArgumentException e) {
      throw new CommandFailure(ExitCodes.USAGE, "--stop: " + e.getMessage());
    }
    return strings;
  }

  /**
   * Checks what needs the vocabulary.
   *
   * @throws CommandFailure if a text has a control token beside other text
   */
  public static void check(List<String> strings, Model tokenizer) {
    try {
      StopTokens.of(tokenizer, strings);
    } catch (IllegalArgumentException e) {
      throw new CommandFailure(ExitCodes.USAGE, "--stop: " + e.getMessage());
    }
  }

  private static String unescape(String text) {
    StringBuilder out = new StringBuilder();
    boolean escaped = false;
    for (int i = 0; i < text.length(); i++) {
      char character = text.charAt(i);
      if (escaped) {
        out.append(escapedBy(character, text));
        escaped = false;
      } else if (character == '\\') {
        escaped = true;
      } else {
        out.append(character);
      }
    }
    if (escaped) {
      throw unknownEscape(text);
    }
    return out.toString();
  }

  private static char escapedBy(char character, String text) {
    return switch (character) {
      case 'n' -> '\n';
      case 't' -> '\t';
      case '\\' -> '\\';
      default -> throw unknownEscape(text);
    };
  }

  private static CommandFailure unknownEscape(String text) {
    return new CommandFailure(
        ExitCodes.USAGE,
        "--stop: in '"
            + text
            + "' a \\ stands before something else than n, t or \\; write \\\\ for a backslash");
  }
}
