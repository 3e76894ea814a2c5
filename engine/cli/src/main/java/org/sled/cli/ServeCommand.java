package org.sled.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.sled.jni.EngineParams;
import org.sled.jni.KvType;
import org.sled.jni.ModelParams;
import org.sled.jni.Numerics;
import org.sled.server.Daemon;
import org.sled.server.ServerConfig;
import org.sled.server.ServerSnapshot;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

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
      "  sled serve --model demo:target --listen 127.0.0.1:7500 --sessions 32 --context 2048",
      "  SLED_MODEL=/srv/target.gguf sled serve --mlock",
      "  sled serve --model demo:target --numerics exact",
      "",
      "Temperature, seed and the like are each client's choice; see 'sled generate --help', as in",
      "  sled generate --server edge:7411 --temperature 0.8 --seed 7 --prompt \"Tell me a story\"",
      "",
      "The first Ctrl-C lets running generations end (10 s at most), the second ends at once."
    })
final class ServeCommand implements Callable<Integer> {
  private static final Duration GRACE = Duration.ofSeconds(10);

  private final Surroundings surroundings;

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
      description =
          "Listen on an address that others can reach, although anybody there can then use this"
              + " server: SLED has no authentication yet.")
  private boolean withoutAuthentication;

  @Option(
      names = {"-s", "--sessions"},
      paramLabel = "N",
      defaultValue = "16",
      description = "Sessions at a time, 1 to 256. Default: ${DEFAULT-VALUE}.")
  private int sessions;

  @Option(
      names = {"-c", "--context"},
      paramLabel = "N",
      defaultValue = "0",
      description = "Tokens per session; 0 for the model's, at most 4096. Default: 0.")
  private int contextTokens;

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Threads of a step; 0 for all cores. More than there are free cores makes it very slow."
              + " Default: 0.")
  private int threads;

  @Option(
      names = "--max-draft-tokens",
      paramLabel = "N",
      description = "Drafts in one block at most, 1 to 62. Default: 62.")
  private Integer maxDraftTokens;

  @Option(
      names = "--gpu-layers",
      paramLabel = "N",
      defaultValue = "-1",
      description = "Layers on a GPU if there is one; -1 for all. Default: -1.")
  private int gpuLayers;

  @Option(
      names = "--kv-type",
      paramLabel = "TYPE",
      defaultValue = "F16",
      description =
          "Number type of the K/V cache: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  private KvType kvType;

  @Option(
      names = "--numerics",
      paramLabel = "exact|fast",
      description =
          "exact: a token's bits do not depend on what else is computed with it; refused where that"
              + " is not possible. fast: whatever is quickest, and now and then another token."
              + " Default: exact where possible.")
  private Numerics numerics;

  @Option(names = "--mlock", description = "Keep the weights from being swapped out.")
  private boolean mlock;

  @Option(names = "--no-mmap", description = "Read the file instead of mapping it.")
  private boolean noMmap;

  @Mixin private LogOptions log;

  ServeCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws Exception {
    log.apply();
    requireLoopback();
    ServerConfig config = config();
    CountDownLatch stop = new CountDownLatch(1);
    surroundings.signals().onInterrupt(stop::countDown);
    try (Daemon daemon = Daemon.start(config)) {
      surroundings.err().print(daemon.describe());
      ServerAddress address =
          new ServerAddress(
              daemon.address().getAddress().getHostAddress(), daemon.address().getPort());
      surroundings.err().println("listening on " + address);
      AtomicReference<Throwable> death = new AtomicReference<>();
      watch(daemon, death, stop);
      stop.await();
      if (death.get() != null) {
        throw new CommandFailure("the server ended by itself: " + death.get());
      }
      surroundings.err().println("stopping; once more to stop at once");
      boolean drained = daemon.drain(GRACE);
      report(daemon.stats());
      if (!drained) {
        surroundings
            .err()
            .println("some generations were cut off after " + GRACE.toSeconds() + " s");
        return ExitCodes.INTERRUPTED;
      }
      return ExitCodes.DONE;
    }
  }

  /** Notices when the daemon dies: then there is nothing left to wait for. */
  private static void watch(Daemon daemon, AtomicReference<Throwable> death, CountDownLatch stop) {
    Thread watcher =
        new Thread(
            () -> {
              try {
                death.set(daemon.awaitEnd());
                stop.countDown();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "sled-watch");
    watcher.setDaemon(true);
    watcher.start();
  }

  /** Anybody who can reach the port can use it: only this machine may, unless insisted on. */
  private void requireLoopback() throws IOException {
    InetAddress host;
    try {
      host = InetAddress.getByName(listen.host());
    } catch (UnknownHostException e) {
      throw new CommandFailure("cannot listen on " + listen + ": the host is unknown");
    }
    if (!host.isLoopbackAddress() && !withoutAuthentication) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          listen
              + " can be reached by others, and SLED has no authentication yet: anybody there could"
              + " use this server. Listen on 127.0.0.1 and use an SSH tunnel or a VPN, or insist"
              + " with --listen-without-authentication");
    }
  }

  private ServerConfig config() {
    try {
      ServerConfig.Builder builder =
          ServerConfig.of(new ModelFiles(surroundings.home()).find(model))
              .listen(listen.host(), listen.port())
              .modelParams(
                  ModelParams.DEFAULT
                      .withGpuLayers(gpuLayers)
                      .withMapFile(!noMmap)
                      .withLockMemory(mlock))
              .engineParams(
                  EngineParams.DEFAULT
                      .withSequenceCount(sessions)
                      .withContextTokens(contextTokens)
                      .withThreads(threads)
                      .withKvTypes(kvType, kvType)
                      .withNumerics(numerics));
      if (maxDraftTokens != null) {
        builder.maxDraftTokens(maxDraftTokens);
      }
      return builder.conclude();
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
