package org.sled.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.serve.ListenOptions;
import org.sled.cli.usage.Aliases;
import org.sled.cli.usage.Spelling;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** Says what is wrong with a command line, and what was probably meant. */
final class Mistakes {
  /** Short options that end everything else; with letters behind them they are something else. */
  private static final Pattern HELP_AND_MORE = Pattern.compile("-[hV][^=].*");

  private static final String END_OF_OPTIONS = "--";

  private Mistakes() {}

  /**
   * Looks for an option of another program before anything is parsed: picocli would take {@code
   * -hf} for a wish for help, and {@code -ngl} for a {@code -n} of {@code gl}.
   *
   * @return null if there is none
   */
  static ParameterException foreignOption(CommandLine sled, String... args) {
    CommandLine command = sled;
    String before = "";
    for (String argument : args) {
      if (argument.equals(END_OF_OPTIONS)) {
        return null;
      }
      CommandSpec spec = command.getCommandSpec();
      CommandLine further = command.getSubcommands().get(argument);
      String name = nameIn(argument);
      if (further != null) {
        command = further;
      } else if (argument.startsWith("-")
          && !takesValue(spec, before)
          && spec.findOption(name) == null
          && (Aliases.option(spec.name(), name) != null
              || HELP_AND_MORE.matcher(argument).matches())) {
        return new ParameterException(command, unknownOption(command, argument));
      }
      before = argument;
    }
    return null;
  }

  private static boolean takesValue(CommandSpec spec, String argument) {
    OptionSpec option = spec.findOption(argument);
    return option != null && option.arity().min() > 0;
  }

  private static String nameIn(String argument) {
    int equals = argument.indexOf('=');
    return equals < 0 ? argument : argument.substring(0, equals);
  }

  /** What is wrong, in a sentence or two. */
  static String text(ParameterException mistake) {
    CommandLine command = mistake.getCommandLine();
    CommandLine parent = command.getParent();
    if (parent != null && !parent.getUnmatchedArguments().isEmpty()) {
      command = parent;
    }
    List<String> unknown = command.getUnmatchedArguments();
    if (unknown.isEmpty()) {
      return mistake.getMessage();
    }
    String first = unknown.get(0);
    if (first.startsWith("-") && first.length() > 1) {
      return unknownOption(command, first);
    }
    return command.getSubcommands().isEmpty()
        ? unknownArgument(command, first)
        : unknownCommand(command, first);
  }

  private static String unknownOption(CommandLine command, String argument) {
    String name = nameIn(argument);
    String qualified = command.getCommandSpec().qualifiedName();
    String text = "'" + name + "' is no option of '" + qualified + "'";
    String meant = Aliases.option(command.getCommandSpec().name(), name);
    if (meant != null) {
      return text + ": " + meant;
    }
    for (CommandLine sub : command.getSubcommands().values()) {
      if (sub.getCommandSpec().findOption(name) != null) {
        String full = qualified + " " + sub.getCommandName() + " " + argument;
        return text + "; write it behind a command, as in '" + full + "'";
      }
    }
    List<String> known = new ArrayList<>();
    for (OptionSpec option : command.getCommandSpec().options()) {
      known.addAll(List.of(option.names()));
    }
    known.removeIf(option -> option.length() <= 2);
    String nearest = name.length() <= 2 ? null : Spelling.nearest(name, known);
    return nearest == null ? text : text + "; did you mean '" + nearest + "'?";
  }

  private static String unknownCommand(CommandLine command, String word) {
    String qualified = command.getCommandSpec().qualifiedName();
    String text = "'" + word + "' is no command of '" + qualified + "'";
    if (ModelFiles.isModelName(word)) {
      return text + "; a model is served with '" + qualified + " serve --model " + word + "'";
    }
    String nearest = Spelling.nearest(word, command.getSubcommands().keySet());
    String meant = Aliases.command(word);
    if (meant != null) {
      return text + ": " + meant;
    }
    return nearest == null
        ? text + "; there are " + String.join(", ", command.getSubcommands().keySet())
        : text + "; did you mean '" + nearest + "'?";
  }

  private static String unknownArgument(CommandLine command, String word) {
    CommandSpec spec = command.getCommandSpec();
    String text = "'" + word + "' is one argument too many";
    if (ModelFiles.isModelName(word)) {
      String option = spec.findOption("--target") == null ? "--model" : "--target";
      return spec.findOption(option) == null
          ? text
          : text + "; did you mean '" + option + " " + word + "'?";
    }
    if (word.matches("[^\\s/]+:[0-9]+")) {
      for (String option : new String[] {ListenOptions.LISTEN, "--server"}) {
        if (spec.findOption(option) != null) {
          return text + "; did you mean '" + option + " " + word + "'?";
        }
      }
    }
    return text + ": '" + spec.qualifiedName() + "' takes none without an option before it here";
  }
}
