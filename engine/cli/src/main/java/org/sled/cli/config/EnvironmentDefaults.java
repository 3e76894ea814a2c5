package org.sled.cli.config;

import java.util.Locale;
import java.util.function.UnaryOperator;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Takes what no option said from the environment: {@code --draft-tokens} of {@code sled generate}
 * from {@code SLED_GENERATE_DRAFT_TOKENS}, else from {@code SLED_DRAFT_TOKENS}; else picocli goes
 * on with the option's own default.
 */
public final class EnvironmentDefaults implements IDefaultValueProvider {
  private final UnaryOperator<String> environment;

  public EnvironmentDefaults(UnaryOperator<String> environment) {
    this.environment = environment;
  }

  @Override
  public String defaultValue(ArgSpec arg) {
    String variable = arg instanceof OptionSpec option ? variableOf(option) : null;
    return variable == null ? null : environment.apply(variable);
  }

  /** The variable that is set for an option, or null. */
  String variableOf(OptionSpec option) {
    if (option.usageHelp() || option.versionHelp()) {
      return null;
    }
    String name = variable(option.longestName());
    String own = "SLED_" + variable(option.command().name()) + "_" + name;
    String shared = "SLED_" + name;
    return environment.apply(own) != null ? own : environment.apply(shared) != null ? shared : null;
  }

  private static String variable(String name) {
    return name.replaceFirst("^-+", "").replace('-', '_').toUpperCase(Locale.ROOT);
  }
}
