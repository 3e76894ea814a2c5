package org.sled.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.sled.device.UnreachableException;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The {@code sled} command. */
@Command(
    name = "sled",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description =
        "Distributed speculative decoding: small models on devices draft, one server verifies, and"
            + " the text is exactly the large model's.",
    footer = {
      "",
      "Start here:",
      "  sled demo                           one server and four devices on this machine",
      "  sled serve --model target.gguf      serve a model",
      "  sled generate --server HOST:7411 --model draft.gguf --prompt \"...\"",
      "",
      "Every option can come from the environment, as --draft-tokens from",
      "SLED_DRAFT_TOKENS; those of serve also from a file: sled serve --config FILE.",
      "Exit codes: 0 done, 1 failed, 2 usage, 3 server unreachable, 130 interrupted."
    })
public final class Sled implements Runnable {
  @Spec private CommandSpec spec;

  private Sled() {}

  /** Runs a command and exits with its code. */
  public static void main(String[] args) {
    String tooFewFiles = OpenFilesCheck.problem();
    if (tooFewFiles != null) {
      System.err.println("sled: " + tooFewFiles);
      System.exit(1);
    }
    int exitCode = run(Surroundings.ofProcess(), args);
    // Not every thread of a library is a daemon; and whatever was asked for is done.
    System.exit(exitCode);
  }

  /** Runs a command in this process. */
  static int run(Surroundings surroundings, String... args) {
    CommandLine line = commandLine(surroundings);
    if (ConfigArgument.isServe(args)) {
      CommandLine serve = line.getSubcommands().get("serve");
      try {
        addConfigFile(line, surroundings, args);
      } catch (IllegalArgumentException e) {
        return reportMistake(new ParameterException(serve, e.getMessage(), e), surroundings);
      }
    }
    return line.execute(args);
  }

  /** Before anything is parsed, because picocli asks for default values before all else. */
  private static void addConfigFile(CommandLine line, Surroundings surroundings, String... args) {
    EnvironmentDefaults environment = new EnvironmentDefaults(surroundings.environment());
    String name = ConfigArgument.find(args);
    if (name == null) {
      CommandLine serve = line.getSubcommands().get("serve");
      name = environment.defaultValue(serve.getCommandSpec().findOption("--config"));
    }
    if (name != null) {
      // Checked with a command line of its own: what is parsed on the way must leave no trace.
      ConfigFile file = ConfigFile.read(name, commandLine(surroundings));
      line.setDefaultValueProvider(new LayeredDefaults(environment, file));
    }
  }

  static CommandLine commandLine(Surroundings surroundings) {
    CommandLine line =
        new CommandLine(new Sled())
            .addSubcommand(new DemoCommand(surroundings))
            .addSubcommand(new ServeCommand(surroundings))
            .addSubcommand(new GenerateCommand(surroundings))
            .addSubcommand(new BenchCommand(surroundings))
            .addSubcommand(new SimulateCommand(surroundings))
            .addSubcommand(
                new CommandLine(new ModelsCommand(surroundings))
                    .addSubcommand(new GrowCommand(surroundings)))
            .addSubcommand(new DoctorCommand(surroundings))
            .setOut(new PrintWriter(surroundings.out(), true, StandardCharsets.UTF_8))
            .setErr(new PrintWriter(surroundings.err(), true, StandardCharsets.UTF_8))
            .setDefaultValueProvider(
                new LayeredDefaults(new EnvironmentDefaults(surroundings.environment()), null))
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setUsageHelpAutoWidth(false);
    line.setParameterExceptionHandler((mistake, args) -> reportMistake(mistake, surroundings));
    line.setExecutionExceptionHandler(
        (failure, command, parsed) -> report(failure, surroundings, parsed));
    return line;
  }

  /** What is wrong with the command line, and where to look: a page of options would hide it. */
  private static int reportMistake(ParameterException mistake, Surroundings surroundings) {
    CommandLine command = mistake.getCommandLine();
    surroundings.err().println("sled: " + mistake.getMessage());
    if (UnmatchedArgumentException.printSuggestions(
        mistake, new PrintWriter(surroundings.err(), true, StandardCharsets.UTF_8))) {
      surroundings.err().flush();
    } else if (command.getParent() == null) {
      command.usage(command.getErr());
    }
    surroundings
        .err()
        .println("Try '" + command.getCommandSpec().qualifiedName() + " --help' for all options.");
    return ExitCodes.USAGE;
  }

  /** What went wrong, in one paragraph; its trace only for those who want to know more. */
  private static int report(Exception failure, Surroundings surroundings, ParseResult parsed) {
    surroundings.out().flush();
    if (failure instanceof InterruptedException) {
      return ExitCodes.INTERRUPTED;
    }
    String text = failure.getMessage() == null ? failure.toString() : failure.getMessage();
    surroundings.err().println("sled: " + text);
    if (isVerbose(parsed)) {
      failure.printStackTrace(surroundings.err());
    }
    if (failure instanceof CommandFailure known) {
      return known.exitCode();
    }
    if (failure instanceof SledException refused && refused.status() == SledStatus.ARGUMENT) {
      // A number that only the model or the machine shows to be out of range.
      return ExitCodes.USAGE;
    }
    return failure instanceof UnreachableException ? ExitCodes.UNREACHABLE : ExitCodes.FAILED;
  }

  private static boolean isVerbose(ParseResult parsed) {
    ParseResult last = parsed;
    while (last.hasSubcommand()) {
      last = last.subcommand();
    }
    return last.hasMatchedOption("--verbose");
  }

  /** Without a subcommand there is nothing to do. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "say what to do, such as 'sled demo'");
  }
}
