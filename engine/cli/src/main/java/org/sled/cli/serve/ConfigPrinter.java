package org.sled.cli.serve;

import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;
import org.sled.cli.command.Json;
import org.sled.cli.config.ConfigFile;
import org.sled.cli.config.LayeredDefaults;
import org.sled.cli.options.LogOptions;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The effective configuration as a file that {@code --config} takes. */
final class ConfigPrinter {
  /** Texts that YAML takes as they are; all others are quoted. */
  private static final Pattern PLAIN = Pattern.compile("[\\w./+-]([\\w./+:-]*[\\w./+-])?");

  private ConfigPrinter() {}

  /** A line for each option, with its value and where that comes from. */
  static String print(ParseResult serve, LayeredDefaults defaults) {
    StringBuilder yaml = new StringBuilder();
    yaml.append("# The effective configuration of 'sled serve'; '--config FILE' takes it again.\n");
    for (OptionSpec option : serve.commandSpec().options()) {
      // Without --model there is none.
      if (ConfigFile.belongsIntoFile(option) && option.getValue() != null) {
        String key = ConfigFile.keyOf(option);
        String setting = key + ": " + quoted(text(key, option.getValue()));
        String origin = defaults.origin(option, serve).replace('\n', ' ');
        yaml.append(String.format(Locale.ROOT, "%-44s # %s%n", setting, origin));
      }
    }
    return yaml.toString();
  }

  private static String text(String key, Object value) {
    if (value instanceof boolean[] flags) { // -v -v
      return Integer.toString(LogOptions.level(flags));
    }
    if (value instanceof Enum<?> choice) {
      return choice.name().toLowerCase(Locale.ROOT);
    }
    String text = String.valueOf(value);
    // A flag's path is relative to where the command runs, a file's to the file.
    return key.equals("model") ? ConfigFile.modelBeside(Path.of("").toAbsolutePath(), text) : text;
  }

  private static String quoted(String text) {
    // A JSON string is a YAML string, too.
    return PLAIN.matcher(text).matches() ? text : Json.line(text);
  }
}
