package org.sled.cli.config;

import java.util.Collections;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * What holds where no flag says anything: the environment, then the configuration file; else
 * picocli goes on with the option's own default.
 */
public final class LayeredDefaults implements IDefaultValueProvider {
  /** The origin of what a flag says. */
  public static final String FLAG = "flag";

  /** The origin of what nothing says. */
  public static final String DEFAULT = "default";

  private final EnvironmentDefaults environment;
  private final ConfigFile file; // null without one

  public LayeredDefaults(EnvironmentDefaults environment, ConfigFile file) {
    this.environment = environment;
    this.file = file;
  }

  @Override
  public String defaultValue(ArgSpec arg) {
    String value = environment.defaultValue(arg);
    if (value == null && file != null && arg instanceof OptionSpec option) {
      value = file.value(option);
    }
    return value == null ? null : spelled(arg, value);
  }

  /** The configuration file that was read, or null. */
  public ConfigFile file() {
    return file;
  }

  /** Where the value of an option comes from, for people. */
  public String origin(OptionSpec option, ParseResult parsed) {
    if (parsed.hasMatchedOption(option)) {
      return FLAG;
    }
    String variable = environment.variableOf(option);
    if (variable != null) {
      return variable;
    }
    String place = file == null ? null : file.place(option);
    return place != null ? place : DEFAULT;
  }

  /** How near to the user the value of an option was set: a smaller number comes first. */
  public int layer(OptionSpec option, ParseResult parsed) {
    if (parsed.hasMatchedOption(option)) {
      return 0;
    }
    if (environment.variableOf(option) != null) {
      return 1;
    }
    return file != null && file.place(option) != null ? 2 : 3;
  }

  /** A flag that counts, {@code -v -v}, is given as a number here: picocli wants it repeated. */
  static String spelled(ArgSpec arg, String value) {
    if (arg.type() != boolean[].class || !value.matches("[0-9]")) {
      return value;
    }
    int times = Integer.parseInt(value);
    return times == 0 ? "false" : String.join(",", Collections.nCopies(times, "true"));
  }
}
