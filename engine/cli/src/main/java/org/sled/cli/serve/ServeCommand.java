package org.sled.cli.serve;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.GpuRequirement;
import org.sled.cli.command.Version;
import org.sled.cli.config.ConfigFile;
import org.sled.cli.config.LayeredDefaults;
import org.sled.cli.files.HubOptions;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.files.TrustOption;
import org.sled.cli.options.AddressOrOff;
import org.sled.cli.options.IntegerWithin;
import org.sled.cli.options.LogOptions;
import org.sled.cli.options.NumericsWish;
import org.sled.cli.systemd.ServiceReporter;
import org.sled.cli.systemd.SystemdNotify;
import org.sled.jni.EngineParams;
import org.sled.jni.KvType;
import org.sled.jni.ModelParams;
import org.sled.server.ServerConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** {@code sled serve}: the daemon, until it is told to stop. */
@Command(
    name = "serve",
    versionProvider = Version.class,
    sortOptions = false,
    description = "Serves a target to devices until Ctrl-C, SIGTERM or SIGHUP.",
    footer = {
      "",
      "Examples:",
      "  sled serve --model target.gguf",
      "  sled serve -hf USER/TARGET-GGUF:Q4_K_M",
      "  sled serve --model demo:target --listen 127.0.0.1:7500 --sessions 32",
      "  SLED_MODEL=/srv/target.gguf sled serve --mlock",
      "  sled serve --model demo:target --numerics exact",
      "  sled serve --model demo:target --admin 127.0.0.1:9411",
      "",
      "With a configuration file, the long options above are its keys:",
      "  model: /srv/models/target.gguf",
      "  sessions: 32",
      "  mlock: true",
      "A relative model is looked for beside the file. A flag comes before the",
      "environment (SLED_*), that before the file, and that before the defaults;",
      "--mlock=false undoes 'mlock: true'.",
      "  sled serve --config /etc/sled/server.yaml --check-config",
      "  sled serve --config /etc/sled/server.yaml",
      "  sled serve --model demo:target --sessions 4 --print-config > server.yaml",
      "",
      "Temperature, seed and the like are each client's choice; see",
      "'sled generate --help', as in",
      "  sled generate --server edge:7411 --temperature 0.8 --seed 7 --prompt \"Hi\"",
      "",
      "The first Ctrl-C, SIGTERM or SIGHUP lets running generations end, for as long",
      "as --drain-seconds says; the second ends at once. The exit code is 0 if nothing",
      "was cut off; else 130 after Ctrl-C, 0 after SIGTERM, which services are stopped",
      "with, and 0 after SIGHUP. Of two signals the second one counts. SIGHUP does not",
      "read the configuration again, a restart does; under nohup it is ignored.",
      "",
      "Under systemd (Type=notify) it reports when it is ready, what it does, and that",
      "it is stopping. WatchdogSec= restarts it if one step of the model takes longer."
    })
public final class ServeCommand implements Callable<Integer> {
  private final CommandContext context;

  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Take what is not said here from a YAML file; see below.")
  @SuppressWarnings("UnusedVariable") // read before all others, see ConfigArgument
  private String configFile;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      description = "The target: a GGUF file, or demo:target.")
  private String model;

  @Mixin private HubOptions hub;

  @Mixin private ListenOptions addresses;

  @Mixin private SchedulingOptions scheduling;

  @Option(
      names = {"-c", "--context"},
      paramLabel = "N",
      converter = IntegerWithin.CountOrAuto.class,
      defaultValue = "0",
      description = "Tokens per session; 0 for the model's, at most 4096. Default: 0.")
  private int contextTokens;

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      converter = IntegerWithin.CountOrAuto.class,
      defaultValue = "0",
      description =
          "Threads of a step; 0 for all cores, or as many as a CPU quota allows. More than there"
              + " are free cores makes it slow. Default: 0.")
  private int threads;

  @Option(
      names = "--max-draft-tokens",
      paramLabel = "N",
      converter = IntegerWithin.DraftTokens.class,
      defaultValue = "" + ServerConfig.MAX_DRAFT_TOKENS,
      description = "Drafts in one block at most, 1 to 62. Default: ${DEFAULT-VALUE}.")
  private int maxDraftTokens;

  @Option(
      names = {"-ngl", "--gpu-layers"},
      paramLabel = "N",
      converter = IntegerWithin.CountOrAll.class,
      defaultValue = "-1",
      description = "Layers on a GPU if there is one; -1 for all. Default: -1.")
  private int gpuLayers;

  @Mixin private GpuRequirement gpu;

  @Mixin private TrustOption trust;

  @Option(
      names = "--kv-type",
      paramLabel = "TYPE",
      defaultValue = "F16",
      description =
          "Number type of the K/V cache: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  private KvType kvType;

  @Option(
      names = "--numerics",
      paramLabel = "auto|exact|fast",
      defaultValue = "AUTO",
      description =
          "exact: a token's bits do not depend on what else is computed with it; refused where that"
              + " is not possible. fast: whatever is quickest, and now and then another token."
              + " auto: exact where possible. Default: auto.")
  private NumericsWish numerics;

  @Option(
      names = "--mlock",
      arity = "0..1",
      paramLabel = "true|false",
      fallbackValue = "true",
      description = "Keep the weights from being swapped out.")
  private boolean mlock;

  @Option(
      names = "--no-mmap",
      arity = "0..1",
      paramLabel = "true|false",
      fallbackValue = "true",
      description = "Read the file instead of mapping it.")
  private boolean noMmap;

  @Option(
      names = "--drain-seconds",
      paramLabel = "N",
      converter = IntegerWithin.Seconds.class,
      defaultValue = "10",
      description =
          "How long running generations may go on after the first signal to stop. Default:"
              + " ${DEFAULT-VALUE}.")
  private int drainSeconds;

  @Option(
      names = "--drain-to",
      paramLabel = "HOST:PORT|off",
      converter = AddressOrOff.Server.class,
      defaultValue = "off",
      description =
          "When stopping, send clients to this server: their texts go on there at once, the same if"
              + " it has the same numerics id. Default: ${DEFAULT-VALUE}.")
  private AddressOrOff drainTo;

  @Option(
      names = "--step-timeout",
      paramLabel = "N",
      converter = IntegerWithin.SomeSeconds.class,
      defaultValue = "60",
      description =
          "Seconds after which a step of the model, or waiting without one, counts as stuck: it is"
              + " logged, and /health says so. Default: ${DEFAULT-VALUE}.")
  private int stepTimeoutSeconds;

  @Option(
      names = "--print-config",
      description =
          "Print the effective configuration as YAML, with where each value comes from, and end.")
  private boolean printConfig;

  @Option(
      names = "--check-config",
      description = "Check what can be checked without loading the weights, and end.")
  private boolean checkConfig;

  @Mixin private LogOptions log;

  public ServeCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws Exception {
    LayeredDefaults defaults = (LayeredDefaults) spec.defaultValueProvider();
    ConfigFile file = defaults.file();
    if (printConfig && checkConfig) {
      throw new ParameterException(
          spec.commandLine(), "--print-config and --check-config: do one after the other");
    }
    if (printConfig) {
      context.out().print(ConfigPrinter.print(parsed(), defaults));
      context.out().flush();
      return ExitCodes.DONE;
    }
    log.apply();
    addresses.check(this::origin);
    ServerConfig config = config();
    gpu.check(gpuLayers);
    if (checkConfig) {
      ConfigCheck.run(config, file == null ? null : file.toString(), context.out());
      context.out().flush();
      return ExitCodes.DONE;
    }
    return new ServeRun(
            context,
            hub.isUsed() ? hub.name() : model,
            scheduling.sessions(),
            Duration.ofSeconds(drainSeconds),
            drainTo.address())
        .serve(config);
  }

  private ParseResult parsed() {
    return spec.commandLine().getParseResult();
  }

  /** Whether the user chose where metrics and health are. */
  private boolean choseAdmin() {
    LayeredDefaults defaults = (LayeredDefaults) spec.defaultValueProvider();
    return !defaults
        .origin(spec.findOption(ListenOptions.ADMIN), parsed())
        .equals(LayeredDefaults.DEFAULT);
  }

  /** Where a value that is wrong was set, unless it stands in front of the user anyway. */
  private String origin(String option) {
    LayeredDefaults defaults = (LayeredDefaults) spec.defaultValueProvider();
    String origin = defaults.origin(spec.findOption(option), parsed());
    return origin.equals(LayeredDefaults.FLAG) || origin.equals(LayeredDefaults.DEFAULT)
        ? ""
        : " (set in " + origin + ")";
  }

  private Path modelFile() throws InterruptedException {
    if (hub.isUsed()) {
      // Fetching takes longer than systemd waits, as loading may.
      try (ServiceReporter reporter =
          new ServiceReporter(SystemdNotify.of(context.environment()), ServiceReporter.INTERVAL)) {
        reporter.loading(hub.name());
        return hub.file(context, origin("--hf-repo"), ServeRun::codeOfCutOff);
      }
    }
    if (model == null) {
      throw new ParameterException(
          spec.commandLine(),
          "Missing required option: '--model=FILE', or '--hf-repo=USER/REPO[:QUANT]'");
    }
    try {
      return ModelFiles.of(context).find(model);
    } catch (CommandFailure e) {
      throw new CommandFailure(e.exitCode(), e.getMessage() + origin("--model"));
    }
  }

  private ServerConfig config() throws InterruptedException {
    Path file = modelFile();
    try {
      return ServerConfig.of(file)
          .listen(addresses.listen().host(), addresses.listen().port())
          .modelParams(
              trust.apply(
                  ModelParams.DEFAULT
                      .withGpuLayers(gpuLayers)
                      .withMapFile(!noMmap)
                      .withLockMemory(mlock),
                  ModelFiles.of(context),
                  file))
          .engineParams(
              EngineParams.DEFAULT
                  .withSequenceCount(scheduling.sequences())
                  .withContextTokens(contextTokens)
                  .withThreads(threads)
                  .withKvTypes(kvType, kvType)
                  .withNumerics(numerics.numerics())
                  .withKvLayout(scheduling.kvLayout())
                  .withPinThreads(scheduling.pinThreads())
                  .withResultRows(scheduling.resultRows()))
          .sessions(scheduling.sessions())
          .waiting(scheduling.waiting())
          .scheduling(scheduling.config())
          .costDirectory(scheduling.costDirectory(context.environment()))
          .maxDraftTokens(maxDraftTokens)
          .admin(addresses.admin(choseAdmin()))
          .stepTimeout(Duration.ofSeconds(stepTimeoutSeconds))
          .conclude();
    } catch (IllegalArgumentException e) {
      throw new CommandFailure(ExitCodes.USAGE, e.getMessage());
    }
  }
}
