package org.sled.cli.bench.options;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.sled.net.protocol.Sampling;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** What was chosen, by name, with defaults: enough to repeat a run. */
public final class BenchSettings {
  private static final String SEED = "--seed";
  private static final Set<String> SECRET = Set.of("--auth-token");

  /** The seed is said as it was drawn. */
  private static final Set<String> LEFT_OUT = Set.of("--auth-token", SEED);

  private static final Set<String> NOT_OF_THE_RUN =
      Set.of("--help", "--version", "--verbose", "--json", "--report", "--compare");

  private final ParseResult parsed;
  private final Sampling sampling;
  private final Map<String, Object> chosen = new LinkedHashMap<>();

  public BenchSettings(ParseResult parsed, Sampling sampling) {
    this.parsed = parsed;
    this.sampling = sampling;
  }

  /** The command line, with the seed where one was drawn, and without secrets. */
  public List<String> command() {
    List<String> command = new ArrayList<>(List.of("sled", "bench"));
    List<String> given = parsed.expandedArgs();
    for (int i = 0; i < given.size(); i++) {
      String argument = given.get(i);
      if (LEFT_OUT.contains(argument)) {
        i++; // and its value
      } else if (LEFT_OUT.stream().noneMatch(name -> argument.startsWith(name + "="))) {
        command.add(argument);
      }
    }
    if (sampling.usesSeed() || parsed.hasMatchedOption(SEED)) {
      command.add(SEED + "=" + Long.toUnsignedString(sampling.seed()));
    }
    return command;
  }

  /** What an option that was not given comes to. */
  public BenchSettings with(String name, Object value) {
    chosen.put(name, value);
    return this;
  }

  /** Every option's value, defaults included. */
  public Map<String, Object> all() {
    Map<String, Object> values = new LinkedHashMap<>();
    for (OptionSpec option : parsed.commandSpec().options()) {
      String name = option.longestName();
      if (NOT_OF_THE_RUN.contains(name) || SECRET.contains(name)) {
        continue;
      }
      Object value = option.getValue();
      values.put(
          name.substring(2).replace('-', '_'),
          value == null || value instanceof Number || value instanceof Boolean
              ? value
              : value.toString());
    }
    values.putAll(chosen);
    values.put("seed", Long.toUnsignedString(sampling.seed()));
    return values;
  }
}
