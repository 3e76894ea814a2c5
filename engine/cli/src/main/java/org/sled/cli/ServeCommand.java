package org.sled.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.sled.jni.EngineParams;
import org.sled.jni.KvType;
import org.sled.jni.ModelParams;
import org.sled.server.Daemon;
import org.sled.server.ServerConfig;
import org.sled.server.ServerSnapshot;
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
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    description = "Serves a target to devices until Ctrl-C or SIGTERM.",
    footer = {
      "",
      "Examples:",
      "  sled serve --model target.gguf",
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
      "The first Ctrl-C or SIGTERM lets running generations end, for as long as",
      "--drain-seconds says; the second ends at once. If some were cut off, the exit",
      "code is 130 after Ctrl-C, and 0 after SIGTERM, which services are stopped with.",
      "",
      "Under systemd (Type=notify) it reports when it is ready, what it does, and that",
      "it is stopping. WatchdogSec= restarts it if one step of the model takes longer."
    })
final class ServeCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Take what is not said here from a YAML file; see below.")
  private String configFile;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      required = true,
      description = "The target: a GGUF file, or demo:target.")
  private String model;

  @Option(
      names = {"-l", "--listen"},
      paramLabel = "HOST:PORT",
      converter = ServerAddress.Converter.class,
      defaultValue = "127.0.0.1:7411",
      description = "Where to listen; port 0 for any free one. Default: ${DEFAULT-VALUE}.")
  private ServerAddress listen;

  @Option(
      names = "--listen-without-authentication",
      arity = "0..1",
      paramLabel = "true|false",
      fallbackValue = "true",
      description =
          "Listen on an address that others can reach, although anybody there can then use this"
              + " server: SLED has no authentication yet.")
  private boolean withoutAuthentication;

  @Option(
      names = "--admin",
      paramLabel = "HOST:PORT",
      converter = AddressOrOff.Admin.class,
      defaultValue = "127.0.0.1:7412",
      description =
          "Where /metrics, /health and /ready are, over HTTP; off for nowhere. If the default's"
              + " port is taken, the server goes on without. Default: ${DEFAULT-VALUE}.")
  private AddressOrOff admin;

  @Option(
      names = "--admin-without-authentication",
      arity = "0..1",
      paramLabel = "true|false",
      fallbackValue = "true",
      description = "Show them on an address that others can reach.")
  private boolean adminWithoutAuthentication;

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
          "Threads of a step; 0 for all cores. More than there are free cores makes it very slow."
              + " Default: 0.")
  private int threads;

  @Option(
      names = "--max-draft-tokens",
      paramLabel = "N",
      converter = IntegerWithin.DraftTokens.class,
      defaultValue = "" + ServerConfig.MAX_DRAFT_TOKENS,
      description = "Drafts in one block at most, 1 to 62. Default: ${DEFAULT-VALUE}.")
  private int maxDraftTokens;

  @Option(
      names = "--gpu-layers",
      paramLabel = "N",
      converter = IntegerWithin.CountOrAll.class,
      defaultValue = "-1",
      description = "Layers on a GPU if there is one; -1 for all. Default: -1.")
  private int gpuLayers;

  @Mixin private GpuRequirement gpu;

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
          "How long running generations may go on after the first Ctrl-C or SIGTERM. Default:"
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

  ServeCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws Exception {
    LayeredDefaults defaults = (LayeredDefaults) spec.defaultValueProvider();
    ConfigFile file = defaults.file();
    if (configFile != null && file == null) {
      throw new ParameterException(
          spec.commandLine(), "--config does not work inside an @file; give it directly");
    }
    if (printConfig && checkConfig) {
      throw new ParameterException(
          spec.commandLine(), "--print-config and --check-config: do one after the other");
    }
    if (printConfig) {
      surroundings.out().print(ConfigPrinter.print(parsed(), defaults));
      surroundings.out().flush();
      return ExitCodes.DONE;
    }
    log.apply();
    requireLoopback(
        "--listen",
        listen,
        withoutAuthentication,
        "use this server. Listen on 127.0.0.1 and use an SSH tunnel or a VPN");
    if (!admin.isOff()) {
      requireLoopback(
          "--admin",
          admin.address(),
          adminWithoutAuthentication,
          "read its metrics. Give --admin 127.0.0.1 and use an SSH tunnel or a VPN");
    }
    ServerConfig config = config();
    gpu.check(gpuLayers);
    if (checkConfig) {
      ConfigCheck.run(config, file == null ? null : file.toString(), surroundings.out());
      surroundings.out().flush();
      return ExitCodes.DONE;
    }
    return serve(config);
  }

  private ParseResult parsed() {
    return spec.commandLine().getParseResult();
  }

  private int serve(ServerConfig config) throws Exception {
    CompletableFuture<Signals.Kind> stop = new CompletableFuture<>();
    surroundings.signals().onSignal(stop::complete);
    try (ServiceReporter reporter =
        new ServiceReporter(
            SystemdNotify.of(surroundings.environment()), ServiceReporter.INTERVAL)) {
      reporter.loading(model);
      Daemon started = load(config, stop);
      if (started == null) {
        reporter.stopping(Duration.ZERO);
        surroundings.err().println("stopped while the model was being loaded");
        return stop.get() == Signals.Kind.TERMINATE ? ExitCodes.DONE : ExitCodes.INTERRUPTED;
      }
      try (Daemon daemon = started) {
        return serve(daemon, reporter, stop);
      }
    }
  }

  /**
   * Loads the model on a thread of its own, since a signal must not wait for the minutes that may
   * take.
   *
   * @return null if the signal came first: the process is about to end, and with it the loading
   */
  private static Daemon load(ServerConfig config, CompletableFuture<Signals.Kind> stop)
      throws Exception {
    CompletableFuture<Daemon> loaded = new CompletableFuture<>();
    Thread loader =
        new Thread(
            () -> {
              try {
                loaded.complete(Daemon.start(config));
              } catch (Throwable e) { // thrown again by the main thread
                loaded.completeExceptionally(e);
              }
            },
            "sled-load");
    loader.setDaemon(true);
    loader.start();
    try {
      var unused = CompletableFuture.anyOf(loaded, stop).get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw (Exception) e.getCause();
    }
    Daemon daemon = loaded.getNow(null);
    if (daemon == null) {
      var unused = loaded.thenAccept(Daemon::close);
    }
    return daemon;
  }

  private int serve(Daemon daemon, ServiceReporter reporter, CompletableFuture<Signals.Kind> stop)
      throws Exception {
    surroundings.err().print(daemon.describe());
    ServerAddress address =
        new ServerAddress(
            daemon.address().getAddress().getHostAddress(), daemon.address().getPort());
    if (daemon.adminAddress() != null) {
      ServerAddress pages =
          new ServerAddress(
              daemon.adminAddress().getAddress().getHostAddress(), daemon.adminAddress().getPort());
      surroundings.err().println("metrics and health on http://" + pages + "/");
    }
    surroundings.err().println("listening on " + address);
    reporter.serving(daemon, address, scheduling.sessions());
    watch(daemon, stop);
    Signals.Kind signal;
    try {
      signal = stop.get();
    } catch (ExecutionException e) {
      throw new CommandFailure("the server ended by itself: " + e.getCause());
    }
    Duration grace = Duration.ofSeconds(drainSeconds);
    surroundings.err().println("stopping; once more to stop at once");
    reporter.stopping(grace);
    ServerAddress to = drainTo.address();
    InetSocketAddress next =
        to == null ? null : InetSocketAddress.createUnresolved(to.host(), to.port());
    boolean drained = daemon.drain(grace, next);
    report(daemon.stats());
    if (!drained) {
      surroundings.err().println("some generations were cut off after " + grace.toSeconds() + " s");
    }
    // SIGTERM is how services are ended in good order: what did not fit into the time agreed upon
    // is no failure of this one.
    return drained || signal == Signals.Kind.TERMINATE ? ExitCodes.DONE : ExitCodes.INTERRUPTED;
  }

  /** Notices when the daemon dies: then there is nothing left to wait for. */
  private static void watch(Daemon daemon, CompletableFuture<Signals.Kind> stop) {
    Thread watcher =
        new Thread(
            () -> {
              try {
                Throwable death = daemon.awaitEnd();
                if (death != null) {
                  stop.completeExceptionally(death);
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "sled-watch");
    watcher.setDaemon(true);
    watcher.start();
  }

  /** Anybody who can reach the port can use it: only this machine may, unless insisted on. */
  private void requireLoopback(
      String option, ServerAddress address, boolean insisted, String whatTheyCould)
      throws IOException {
    InetAddress host;
    try {
      host = InetAddress.getByName(address.host());
    } catch (UnknownHostException e) {
      throw new CommandFailure(
          "cannot listen on " + address + ": the host is unknown" + origin(option));
    }
    if (!host.isLoopbackAddress() && !insisted) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          address
              + " can be reached by others, and SLED has no authentication yet: anybody there could "
              + whatTheyCould
              + ", or insist with "
              + option
              + "-without-authentication"
              + origin(option));
    }
  }

  /** A port of the default that is taken is no reason not to serve; one that was chosen is. */
  private ServerConfig.Admin adminConfig() {
    if (admin.isOff()) {
      return null;
    }
    LayeredDefaults defaults = (LayeredDefaults) spec.defaultValueProvider();
    boolean chosen = !defaults.origin(spec.findOption("--admin"), parsed()).equals("default");
    return new ServerConfig.Admin(admin.address().host(), admin.address().port(), chosen);
  }

  /** Where a value that is wrong was set, unless it stands in front of the user anyway. */
  private String origin(String option) {
    LayeredDefaults defaults = (LayeredDefaults) spec.defaultValueProvider();
    String origin = defaults.origin(spec.findOption(option), parsed());
    return origin.equals("flag") || origin.equals("default") ? "" : " (set in " + origin + ")";
  }

  private Path modelFile() {
    try {
      return new ModelFiles(surroundings.home()).find(model);
    } catch (CommandFailure e) {
      throw new CommandFailure(e.exitCode(), e.getMessage() + origin("--model"));
    }
  }

  private ServerConfig config() {
    Path file = modelFile();
    try {
      return ServerConfig.of(file)
          .listen(listen.host(), listen.port())
          .modelParams(
              ModelParams.DEFAULT
                  .withGpuLayers(gpuLayers)
                  .withMapFile(!noMmap)
                  .withLockMemory(mlock))
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
          .scheduling(scheduling.config())
          .costDirectory(scheduling.costDirectory(surroundings.environment()))
          .maxDraftTokens(maxDraftTokens)
          .admin(adminConfig())
          .stepTimeout(Duration.ofSeconds(stepTimeoutSeconds))
          .conclude();
    } catch (IllegalArgumentException e) {
      throw new CommandFailure(ExitCodes.USAGE, e.getMessage());
    }
  }

  private void report(ServerSnapshot stats) {
    surroundings
        .err()
        .printf(
            Locale.ROOT,
            "%d sessions, %d tokens in %d steps; %d rounds, accepted share %s%n",
            stats.sessionsOpened(),
            stats.tokens(),
            stats.steps(),
            stats.rounds(),
            stats.drafted() == 0
                ? "-"
                : String.format(Locale.ROOT, "%.2f", (double) stats.accepted() / stats.drafted()));
  }
}
