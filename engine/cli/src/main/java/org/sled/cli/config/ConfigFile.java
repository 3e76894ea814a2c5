package org.sled.cli.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.sled.bench.load.Utf8;
import org.sled.cli.usage.Spelling;
import picocli.CommandLine;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * The configuration file of {@code sled serve}: YAML, with the names of the long options as keys.
 *
 * <p>It is read and checked as a whole before the arguments are parsed, because picocli asks for
 * default values first; so a mistake in it is found even where a flag or a variable comes before
 * the value. Immutable.
 */
public final class ConfigFile {
  /** Far more than all options need; a model given by mistake is refused before it is read. */
  private static final int MAX_BYTES = 1 << 20;

  private static final String MODEL = "model";

  /** What is asked of one run of the command, and is no property of a server. */
  private static final Set<String> COMMAND_LINE_ONLY =
      Set.of("help", "version", "config", "print-config", "check-config");

  private final Path file;
  private final Map<String, FlatYaml.Entry> entries;

  private ConfigFile(Path file, Map<String, FlatYaml.Entry> entries) {
    this.file = file;
    this.entries = entries;
  }

  /**
   * Reads and checks a file.
   *
   * @param name as the user gave it
   * @param sled the whole command, whose {@code serve} is set up; it is parsed with, and left with
   *     other default values
   * @throws IllegalArgumentException what is wrong with it, and in which line
   */
  public static ConfigFile read(String name, CommandLine sled) {
    Path file = path(name);
    ConfigFile config = new ConfigFile(file, FlatYaml.parse(name, text(file)));
    if (config.entries.isEmpty()) {
      throw new IllegalArgumentException(
          name + " is empty; write at least a line such as 'model: /srv/models/target.gguf'");
    }
    CommandSpec serve = sled.getSubcommands().get("serve").getCommandSpec();
    Map<String, OptionSpec> options = new TreeMap<>();
    for (OptionSpec option : serve.options()) {
      if (belongsIntoFile(option)) {
        options.put(keyOf(option), option);
      }
    }
    config.entries.forEach(
        (key, entry) -> {
          if (!options.containsKey(key)) {
            throw config.mistake(entry, unknown(key, options.keySet()));
          }
          config.check(entry, options.get(key), sled);
        });
    return config;
  }

  /** The key of an option: its long name without dashes. */
  public static String keyOf(OptionSpec option) {
    return option.longestName().replaceFirst("^-+", "");
  }

  /** Not for {@code --help} and the like. */
  public static boolean belongsIntoFile(OptionSpec option) {
    return !COMMAND_LINE_ONLY.contains(keyOf(option));
  }

  /**
   * Where a relative path begins: the model of a service does not depend on where it is started.
   */
  public static String modelBeside(Path directory, String model) {
    return model.startsWith("demo:") ? model : directory.resolve(model).normalize().toString();
  }

  /** The value for an option, or null. */
  String value(OptionSpec option) {
    String key = keyOf(option);
    FlatYaml.Entry entry = entries.get(key);
    if (entry == null) {
      return null;
    }
    return key.equals(MODEL)
        ? modelBeside(file.toAbsolutePath().getParent(), entry.value())
        : entry.value();
  }

  /** File and line of an option's value, or null. */
  String place(OptionSpec option) {
    FlatYaml.Entry entry = entries.get(keyOf(option));
    return entry == null ? null : file + ":" + entry.line();
  }

  @Override
  public String toString() {
    return file.toString();
  }

  private static Path path(String name) {
    if (name.isBlank()) {
      throw new IllegalArgumentException(
          "the configuration file's name is empty; give --config (or SLED_CONFIG) a file");
    }
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("'" + name + "' is no file name: " + e.getReason(), e);
    }
  }

  private static String text(Path file) {
    byte[] bytes;
    if (Files.isDirectory(file)) {
      throw new IllegalArgumentException(
          file + " is a directory; give --config a file, such as " + file.resolve("server.yaml"));
    }
    // Not its size: a pipe has none.
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    } catch (NoSuchFileException e) {
      throw new IllegalArgumentException(
          "there is no configuration file " + file + "; check --config and SLED_CONFIG", e);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "the configuration file " + file + " cannot be read; check its permissions", e);
    }
    if (bytes.length > MAX_BYTES) {
      throw new IllegalArgumentException(
          file + " is larger than 1 MiB: that is no configuration file");
    }
    return Utf8.withoutMark(Utf8.text(bytes, file.toString()));
  }

  private static String unknown(String key, Set<String> known) {
    if (COMMAND_LINE_ONLY.contains(key)) {
      return "'" + key + "' belongs on the command line, as --" + key;
    }
    String nearest = Spelling.nearest(key, known);
    return "'"
        + key
        + "' is no option of 'sled serve'"
        + (nearest == null
            ? "; there are " + String.join(", ", known)
            : "; did you mean '" + nearest + "'?");
  }

  /** Has picocli read this value alone, as if the others were not there. */
  private void check(FlatYaml.Entry entry, OptionSpec option, CommandLine sled) {
    String key = keyOf(option);
    IDefaultValueProvider alone =
        arg -> arg.equals(option) ? LayeredDefaults.spelled(arg, entry.value()) : null;
    sled.setDefaultValueProvider(alone);
    try {
      if (key.equals(MODEL)) {
        Path unused = Path.of(entry.value());
      }
      sled.parseArgs("serve", "--" + MODEL + "=any");
    } catch (InvalidPathException e) {
      throw mistake(entry, "'" + key + "' is no file name: " + e.getReason());
    } catch (ParameterException e) {
      throw mistake(entry, "'" + key + "': " + withoutOption(e.getMessage(), option));
    }
  }

  /** Picocli names the option, as if somebody had given it; the key was said already. */
  private static String withoutOption(String message, OptionSpec option) {
    String text = message;
    String mark = "'" + option.longestName() + "'";
    int name = text.indexOf(mark);
    int end = name < 0 ? -1 : text.indexOf(": ", name + mark.length());
    if (end >= 0) {
      text = text.substring(end + 2);
    }
    Class<?> type = option.type();
    boolean yesOrNo = type == boolean.class || type == boolean[].class;
    return yesOrNo ? text + "; write true or false" : text;
  }

  private IllegalArgumentException mistake(FlatYaml.Entry entry, String what) {
    return new IllegalArgumentException(file + ":" + entry.line() + ": " + what);
  }
}
