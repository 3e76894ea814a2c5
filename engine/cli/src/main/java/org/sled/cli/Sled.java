package org.sled.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.sled.bench.fit.DraftFamily;
import org.sled.cli.bench.BenchCommand;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ErrorReport;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Json;
import org.sled.cli.command.OpenFilesCheck;
import org.sled.cli.command.ProcessText;
import org.sled.cli.command.Version;
import org.sled.cli.config.ConfigArgument;
import org.sled.cli.config.ConfigFile;
import org.sled.cli.config.EnvironmentDefaults;
import org.sled.cli.config.LayeredDefaults;
import org.sled.cli.demo.DemoCommand;
import org.sled.cli.doctor.DoctorCommand;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.fit.FitCommand;
import org.sled.cli.generate.GenerateCommand;
import org.sled.cli.hub.HubException;
import org.sled.cli.models.GrowCommand;
import org.sled.cli.models.ModelsCommand;
import org.sled.cli.models.PullCommand;
import org.sled.cli.options.StandardOptions;
import org.sled.cli.serve.ServeCommand;
import org.sled.cli.simulate.SimulateCommand;
import org.sled.device.TokenizerMismatchException;
import org.sled.device.UnreachableException;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** The {@code sled} command. */
@Command(
    name = "sled",
    versionProvider = Version.class,
    description =
        "Distributed speculative decoding: small models on devices draft, one server verifies, and"
            + " the text is exactly the large model's.",
    footer = {
      "",
      "Start here:",
      "  sled demo                         one server and four devices on this machine",
      "  sled serve --model target.gguf    serve a model",
      "  sled generate --server HOST:7411 --model draft.gguf --prompt \"...\"",
      "  sled models pull USER/REPO        fetch a model from a hub",
      "",
      "Every option can come from the environment, as --draft-tokens from",
      "SLED_DRAFT_TOKENS; those of serve also from a file: sled serve --config FILE.",
      "Texts are taken as they are written: no @file and no variable in any of them.",
      "",
      "Exit codes: 0 done, 1 failed (also where stdout cannot be written), 2 usage,",
      "3 server unreachable, 130 interrupted by Ctrl-C, SIGTERM or SIGHUP; serve's help",
      "says what its are. A second signal ends any command at once.",
      "With --json or --events a command that fails prints, beside its sentence on",
      "stderr, {\"error\": {\"code\": \"...\", \"message\": \"...\", \"exit_code\": 1}} as the",
      "last line of stdout. Codes are words that stay: usage, unreachable, failed ..."
    })
public final class Sled implements Runnable {
  private static final String JSON = "--json";
  private static final String EVENTS = "--events";

  @Spec private CommandSpec spec;

  private Sled() {}

  /** Runs a command and exits with its code. */
  public static void main(String[] args) {
    String tooFewFiles = OpenFilesCheck.problem();
    if (tooFewFiles != null) {
      System.err.println("sled: " + tooFewFiles);
      System.exit(1);
    }
    CommandContext context = CommandContext.ofProcess();
    int exitCode;
    try {
      exitCode = run(context, ProcessText.arguments(args));
    } catch (IllegalArgumentException e) { // an argument or a variable that is no text
      context.err().println("sled: " + e.getMessage());
      exitCode = ExitCodes.USAGE;
    } catch (OutOfMemoryError e) {
      if (!String.valueOf(e.getMessage()).contains("native thread")) {
        throw e;
      }
      context
          .err()
          .println(
              "sled: the system refuses a further thread; raise the limit of processes: ulimit -u,"
                  + " TasksMax in a systemd unit, or pids.max of the control group");
      exitCode = ExitCodes.FAILED;
    }
    // Not every thread of a library is a daemon; and whatever was asked for is done.
    System.exit(exitCode);
  }

  /** Runs a command in this process. */
  static int run(CommandContext context, String... args) {
    int exitCode = execute(context, commandLine(context), asOptions(args));
    String problem = context.out().problem();
    if (problem != null && exitCode == ExitCodes.DONE) {
      context.err().println("sled: " + problem);
      return ExitCodes.FAILED;
    }
    return exitCode;
  }

  /** {@code sled help} and {@code sled version}, which people try first, as what they mean. */
  private static String[] asOptions(String... args) {
    if (args.length == 1 && args[0].equals("version")) {
      return new String[] {"--version"};
    }
    if (args.length == 0 || !args[0].equals("help")) {
      return args;
    }
    String[] asked = Arrays.copyOfRange(args, 1, args.length + 1);
    asked[args.length - 1] = "--help";
    return asked;
  }

  private static int execute(CommandContext context, CommandLine line, String... args) {
    ParameterException foreign = Mistakes.foreignOption(line, args);
    if (foreign != null) {
      return reportMistake(foreign, context, args);
    }
    if (ConfigArgument.isServe(args)) {
      CommandLine serve = line.getSubcommands().get("serve");
      try {
        addConfigFile(line, context, args);
      } catch (IllegalArgumentException e) {
        return reportMistake(new ParameterException(serve, e.getMessage(), e), context, args);
      }
    }
    return line.execute(args);
  }

  /** Before anything is parsed, because picocli asks for default values before all else. */
  private static void addConfigFile(CommandLine line, CommandContext context, String... args) {
    EnvironmentDefaults environment = new EnvironmentDefaults(context.environment());
    String name = ConfigArgument.find(args);
    if (name == null) {
      CommandLine serve = line.getSubcommands().get("serve");
      name = environment.defaultValue(serve.getCommandSpec().findOption("--config"));
    }
    if (name != null) {
      // Checked with a command line of its own: what is parsed on the way must leave no trace.
      ConfigFile file = ConfigFile.read(name, commandLine(context));
      line.setDefaultValueProvider(new LayeredDefaults(environment, file));
    }
  }

  static CommandLine commandLine(CommandContext context) {
    CommandLine line =
        new CommandLine(new Sled())
            .addSubcommand(new DemoCommand(context))
            .addSubcommand(new ServeCommand(context))
            .addSubcommand(new GenerateCommand(context))
            .addSubcommand(new BenchCommand(context))
            .addSubcommand(new FitCommand(context))
            .addSubcommand(new SimulateCommand(context))
            .addSubcommand(
                new CommandLine(new ModelsCommand(context))
                    .addSubcommand(new PullCommand(context))
                    .addSubcommand(new GrowCommand(context)))
            .addSubcommand(new DoctorCommand(context))
            .setOut(new PrintWriter(context.out(), true, StandardCharsets.UTF_8))
            .setErr(new PrintWriter(context.err(), true, StandardCharsets.UTF_8))
            .setDefaultValueProvider(
                new LayeredDefaults(new EnvironmentDefaults(context.environment()), null))
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setUsageHelpAutoWidth(false)
            // A text is what was written, not a file's name or a variable's.
            .setExpandAtFiles(false)
            .setAllowOptionsAsOptionParameters(true)
            .setInterpolateVariables(false);
    addStandardOptions(line);
    line.setExecutionStrategy(
        parsed -> {
          // All is parsed: what is left to replace are defaults in help texts.
          line.setInterpolateVariables(true);
          return new CommandLine.RunLast().execute(parsed);
        });
    line.setParameterExceptionHandler((mistake, args) -> reportMistake(mistake, context, args));
    line.setExecutionExceptionHandler(
        (failure, command, parsed) -> report(failure, context, parsed));
    return line;
  }

  private static void addStandardOptions(CommandLine command) {
    command
        .getCommandSpec()
        .addMixin("standard", CommandSpec.forAnnotatedObject(new StandardOptions()));
    command.getSubcommands().values().forEach(Sled::addStandardOptions);
  }

  /** What is wrong with the command line, and where to look: a page of options would hide it. */
  private static int reportMistake(
      ParameterException mistake, CommandContext context, String... args) {
    CommandLine command = mistake.getCommandLine();
    String text = Mistakes.text(mistake);
    context.err().println("sled: " + text);
    if (command.getParent() == null && args.length == 0) {
      command.usage(command.getErr());
    }
    context
        .err()
        .println("Try '" + command.getCommandSpec().qualifiedName() + " --help' for all options.");
    if (List.of(args).contains(JSON) || List.of(args).contains(EVENTS)) {
      print(ErrorReport.of(ErrorReport.USAGE, text, ExitCodes.USAGE), context);
    }
    return ExitCodes.USAGE;
  }

  /** What went wrong, in one paragraph; its trace only for those who want to know more. */
  private static int report(Exception failure, CommandContext context, ParseResult parsed) {
    context.out().flush();
    // An interrupt comes from a signal, whatever became of it on its way.
    boolean interrupted = Thread.interrupted() || failure instanceof InterruptedException;
    int exitCode = interrupted ? ExitCodes.INTERRUPTED : exitCode(failure);
    String text = failure.getMessage() == null ? failure.toString() : failure.getMessage();
    if (failure instanceof TokenizerMismatchException mismatch) {
      text += draftProposal(mismatch.targetName()) + draftOrigin(last(parsed));
    }
    if (!interrupted) {
      context.err().println("sled: " + text);
    }
    ParseResult command = last(parsed);
    if (command.hasMatchedOption("--verbose")) {
      failure.printStackTrace(context.err());
    }
    if (isSet(command, JSON) || isSet(command, EVENTS)) {
      print(ErrorReport.of(failure, interrupted ? "interrupted" : text, exitCode), context);
    }
    return exitCode;
  }

  /** Which draft models would fit, if the target's name says so. */
  private static String draftProposal(String targetName) {
    DraftFamily family = DraftFamily.called(targetName);
    return family == null ? "" : ". F" + family.proposal().substring(1);
  }

  /** Where a draft model comes from that nobody named. */
  private static String draftOrigin(ParseResult command) {
    for (OptionSpec option : command.commandSpec().options()) {
      if (ModelFiles.DEMO_DRAFT.equals(option.getValue()) && !command.hasMatchedOption(option)) {
        String name = option.longestName();
        return ". The draft model is demo:draft, the default of " + name + ": name another one";
      }
    }
    return "";
  }

  private static int exitCode(Exception failure) {
    if (failure instanceof CommandFailure known) {
      return known.exitCode();
    }
    if (failure instanceof HubException hub) {
      return hub.isUsage() ? ExitCodes.USAGE : ExitCodes.FAILED;
    }
    if (failure instanceof SledException refused && refused.status() == SledStatus.ARGUMENT) {
      // A number that only the model or the machine shows to be out of range.
      return ExitCodes.USAGE;
    }
    return failure instanceof UnreachableException ? ExitCodes.UNREACHABLE : ExitCodes.FAILED;
  }

  private static void print(ErrorReport report, CommandContext context) {
    context.out().println(Json.line(report));
    context.out().flush();
  }

  private static ParseResult last(ParseResult parsed) {
    ParseResult last = parsed;
    while (last.hasSubcommand()) {
      last = last.subcommand();
    }
    return last;
  }

  /** Whether a command has this flag, from wherever it is set. */
  private static boolean isSet(ParseResult command, String flag) {
    OptionSpec option = command.commandSpec().findOption(flag);
    return option != null && Boolean.TRUE.equals(option.getValue());
  }

  /** Without a subcommand there is nothing to do. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "say what to do, such as 'sled demo'");
  }
}
