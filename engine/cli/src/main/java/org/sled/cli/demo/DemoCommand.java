package org.sled.cli.demo;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.sled.bench.report.Rounding;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Json;
import org.sled.cli.command.Version;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.options.DraftingOptions;
import org.sled.cli.options.IntegerWithin;
import org.sled.cli.options.LogOptions;
import org.sled.cli.options.NumericsChoice;
import org.sled.cli.options.SamplingOptions;
import org.sled.cli.options.SamplingReport;
import org.sled.cli.output.Percentiles;
import org.sled.cli.output.Progress;
import org.sled.cli.output.SideBySide;
import org.sled.cli.output.StreamTotals;
import org.sled.cli.texts.DemoPrompts;
import org.sled.device.GenerationEnd;
import org.sled.device.Outage;
import org.sled.device.ServerInfo;
import org.sled.device.SledClient;
import org.sled.device.draft.DraftPolicy;
import org.sled.jni.Detokenizer;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.net.protocol.Sampling;
import org.sled.server.Daemon;
import org.sled.server.ServerConfig;
import org.sled.server.observe.ServerSnapshot;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code sled demo}: a server and its devices in this process, over real sockets. */
@Command(
    name = "demo",
    versionProvider = Version.class,
    sortOptions = false,
    description =
        "Starts a server and several devices on this machine, has stories told for a while, and"
            + " compares them token by token with what the target alone says.",
    footer = {
      "",
      "Examples:",
      "  sled demo",
      "  sled demo --devices 8 --seconds 30 --draft-tokens 6",
      "  sled demo --temperature 0.8 --top-p 0.95 --seed 7",
      "  sled demo --json",
      "",
      "Exits with 1 if a single token differs."
    })
public final class DemoCommand implements Callable<Integer> {
  /** Drafts are to be seen, though so small a target is as fast alone. */
  private static final DraftPolicy USUAL_POLICY = DraftPolicy.FIXED;

  private static final int REFRESH_MILLIS = 500;
  private static final int COLUMN_WIDTH = 46;
  private static final double NANOS_PER_SECOND = 1e9;
  private static final double MICROS_PER_MILLI = 1e3;

  /** Comparing may take twice as long as the demo itself before it is cut short. */
  private static final int COMPARE_FACTOR = 2;

  private final CommandContext context;

  @Option(
      names = {"-d", "--devices"},
      paramLabel = "N",
      defaultValue = "4",
      converter = IntegerWithin.DemoDevices.class,
      description = "Devices, 1 to 256. Default: ${DEFAULT-VALUE}.")
  private int deviceCount;

  @Option(
      names = {"-s", "--seconds"},
      paramLabel = "S",
      defaultValue = "15",
      converter = IntegerWithin.SomeSeconds.class,
      description = "How long. Default: ${DEFAULT-VALUE}.")
  private int seconds;

  @Mixin private DraftingOptions drafting;

  @Option(
      names = {"-n", "--max-tokens"},
      paramLabel = "N",
      defaultValue = "256",
      converter = IntegerWithin.Count.class,
      description = "Tokens of a story at most. Default: ${DEFAULT-VALUE}.")
  private int maxTokens;

  @Mixin private SamplingOptions samplingOptions;

  @Option(
      names = "--model",
      paramLabel = "FILE",
      defaultValue = ModelFiles.DEMO_TARGET,
      description = "The target. Default: ${DEFAULT-VALUE}.")
  private String target;

  @Option(
      names = "--draft",
      paramLabel = "FILE",
      defaultValue = ModelFiles.DEMO_DRAFT,
      description = "The draft model. Default: ${DEFAULT-VALUE}.")
  private String draft;

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      defaultValue = "1",
      converter = IntegerWithin.CountOrAuto.class,
      description =
          "Threads of the server; each device has one. More threads than free cores make it very"
              + " slow, since they wait for each other busily. Default: ${DEFAULT-VALUE}.")
  private int threads;

  @Option(
      names = "--json",
      description = "Print one JSON object as the last line of stdout, and nothing else there.")
  private boolean json;

  @Mixin private LogOptions log;

  private Sampling sampling;
  private final CountDownLatch interrupted = new CountDownLatch(1);

  public DemoCommand(CommandContext context) {
    this.context = context;
  }

  /** What the run left behind when server and devices are gone. */
  private record Outcome(
      StreamTotals totals,
      List<DemoStream> streams,
      double seconds,
      ServerInfo server,
      String address,
      ServerSnapshot serverStats) {}

  @Override
  public Integer call() throws Exception {
    log.apply();
    sampling = samplingOptions.sampling();
    context.signals().onInterrupt(interrupted::countDown);
    ModelFiles models = ModelFiles.of(context);
    try (Model draftModel =
            Model.open(
                models.find(draft),
                models.params(models.find(draft)).withVocabularyOnly(draftTokens() == 0));
        Model tokenizer =
            Model.open(
                models.find(target), models.params(models.find(target)).withVocabularyOnly(true))) {
      SamplingOptions.check(sampling, tokenizer);
      Outcome outcome = run(models, draftModel);
      if (isInterrupted()) {
        return ExitCodes.INTERRUPTED;
      }
      context.err().println("comparing with what the target alone says ...");
      Exactness exactness;
      Progress progress = Progress.of(context, "comparing");
      try (progress) {
        exactness =
            Exactness.check(
                models.find(target),
                models.params(models.find(target)),
                0,
                threads,
                outcome.streams(),
                maxTokens,
                sampling,
                COMPARE_FACTOR * seconds,
                this::isInterrupted);
      }
      if (isInterrupted()) {
        return ExitCodes.INTERRUPTED;
      }
      if (json) {
        context.out().println(Json.line(report(outcome, exactness, tokenizer)));
      } else {
        summarise(outcome, exactness, tokenizer);
      }
      context.out().flush();
      return exactness.exact() ? ExitCodes.DONE : ExitCodes.FAILED;
    }
  }

  private boolean isInterrupted() {
    return interrupted.getCount() == 0;
  }

  // ---------------------------------------------------------------- the run

  private Outcome run(ModelFiles models, Model draftModel) throws Exception {
    ServerConfig config =
        ServerConfig.of(models.find(target))
            .modelParams(models.params(models.find(target)))
            .listen("127.0.0.1", 0)
            .engineParams(EngineParams.DEFAULT.withSequenceCount(deviceCount).withThreads(threads))
            .serverName("sled demo")
            .conclude();
    List<DemoDevice> devices = new ArrayList<>();
    try (Daemon daemon = start(config)) {
      context.err().print(daemon.describe());
      int port = daemon.address().getPort();
      context
          .err()
          .printf(
              "%d devices with %s, blocks of %d drafts, on 127.0.0.1:%d, for %d s%s%n",
              deviceCount, draft, draftTokens(), port, seconds, SamplingReport.words(sampling));
      try {
        ServerInfo server = connect(devices, draftModel, port);
        double elapsedSeconds = tellStories(devices);
        StreamTotals totals = new StreamTotals();
        List<DemoStream> streams = new ArrayList<>();
        for (DemoDevice device : devices) {
          if (device.failure() != null) {
            throw device.failure();
          }
          device.addTo(totals);
          streams.addAll(device.streams());
        }
        return new Outcome(
            totals, streams, elapsedSeconds, server, "127.0.0.1:" + port, daemon.stats());
      } finally {
        devices.forEach(DemoDevice::close);
      }
    }
  }

  private Daemon start(ServerConfig config) throws IOException {
    Progress progress = Progress.of(context, "loading " + target);
    try (progress) {
      return Daemon.start(config);
    }
  }

  private int draftTokens() {
    return drafting.draftTokens(USUAL_POLICY);
  }

  private ServerInfo connect(List<DemoDevice> devices, Model draftModel, int port)
      throws InterruptedException {
    ServerInfo server = null;
    for (int i = 0; i < deviceCount; i++) {
      SledClient client =
          SledClient.builder()
              .server("127.0.0.1", port)
              .draftModel(draftModel)
              .drafting(drafting.drafting(USUAL_POLICY))
              .draftThreads(1)
              // The devices of a fleet draft on processors of their own.
              .givesWay(true)
              .outage(Outage.FAIL)
              .clientName("demo device " + (i + 1))
              .connect();
      devices.add(new DemoDevice(i, deviceCount, client, maxTokens, draftTokens(), sampling));
      server = client.server();
    }
    return server;
  }

  private double tellStories(List<DemoDevice> devices) throws InterruptedException {
    long startNanos = System.nanoTime();
    List<Thread> threadsOfDevices = new ArrayList<>();
    for (DemoDevice device : devices) {
      Thread thread = new Thread(device, "sled-demo-device-" + threadsOfDevices.size());
      thread.setDaemon(true);
      thread.start();
      threadsOfDevices.add(thread);
    }
    LiveTable table = new LiveTable(context.err(), context.errIsTerminal(), devices);
    long endNanos = startNanos + TimeUnit.SECONDS.toNanos(seconds);
    while (System.nanoTime() - endNanos < 0
        && devices.stream().allMatch(device -> device.failure() == null)) {
      if (interrupted.await(REFRESH_MILLIS, TimeUnit.MILLISECONDS)) {
        break;
      }
      table.refresh();
    }
    double elapsedSeconds = (System.nanoTime() - startNanos) / NANOS_PER_SECOND;
    devices.forEach(DemoDevice::stop);
    for (Thread thread : threadsOfDevices) {
      thread.join();
    }
    return elapsedSeconds;
  }

  // ---------------------------------------------------------------- the report

  /** The stream to show: a finished one that is neither short nor long, and was compared. */
  private static DemoStream shown(Outcome outcome, Exactness exactness) {
    return outcome.streams().stream()
        .filter(stream -> stream.tokens().length > 0)
        .max(
            Comparator.comparing((DemoStream s) -> exactness.alone(s.promptNumber()) != null)
                .thenComparing(s -> s.end() != GenerationEnd.CANCELLED)
                .thenComparing(s -> s.end() == GenerationEnd.STOP)
                .thenComparing(s -> -Math.abs(s.tokens().length - 120)))
        .orElse(null);
  }

  private DemoReport report(Outcome outcome, Exactness exactness, Model tokenizer) {
    StreamTotals totals = outcome.totals();
    DemoStream shown = shown(outcome, exactness);
    return new DemoReport(
        exactness.exact(),
        exactness.streamsCompared(),
        exactness.streamsTotal(),
        exactness.tokensCompared(),
        deviceCount,
        Rounding.orNull(outcome.seconds()),
        totals.tokens(),
        Rounding.orNull(totals.tokens() / outcome.seconds()),
        totals.rounds(),
        totals.drafted(),
        totals.accepted(),
        Rounding.orNull(totals.acceptedShare()),
        draftTokens() == 0 ? null : totals.acceptancePerPosition(),
        Percentiles.millis(totals.roundMicros()),
        Percentiles.micros(totals.overheadMicros()),
        shown == null ? null : text(tokenizer, shown.tokens()),
        shown == null ? null : IntStream.of(shown.tokens()).boxed().toList(),
        shown == null ? null : shown.end().word(),
        totals.firstTokenMicros().getTotalCount() == 0
            ? null
            : Rounding.orNull(
                totals.firstTokenMicros().getValueAtPercentile(50) / MICROS_PER_MILLI),
        draftTokens(),
        outcome.address(),
        SamplingReport.of(sampling),
        NumericsChoice.word(outcome.server().exactNumerics()),
        String.format("%016x", outcome.server().numericsId()),
        outcome.serverStats().rounds(),
        outcome.serverStats().steps(),
        outcome.server().modelName(),
        draftTokens() == 0 ? null : draft);
  }

  private void summarise(Outcome outcome, Exactness exactness, Model tokenizer) {
    PrintStream out = context.out();
    DemoStream shown = shown(outcome, exactness);
    int[] alone = shown == null ? null : exactness.alone(shown.promptNumber());
    if (alone != null) {
      boolean whole = shown.end() != GenerationEnd.CANCELLED;
      int count = whole ? alone.length : Math.min(alone.length, shown.tokens().length);
      out.printf("%n> %s%n%n", DemoPrompts.get(shown.promptNumber()));
      SideBySide.lines(
              "device " + (shown.device() + 1) + ", verified by the server",
              text(tokenizer, shown.tokens()),
              "the target alone",
              text(tokenizer, Arrays.copyOf(alone, count)),
              COLUMN_WIDTH)
          .forEach(out::println);
      out.println();
    }
    StreamTotals totals = outcome.totals();
    out.printf(
        Locale.ROOT,
        "%-16s %d of %d streams with %d tokens compared with the target alone: %s%n",
        "exact",
        exactness.streamsCompared(),
        exactness.streamsTotal(),
        exactness.tokensCompared(),
        exactness.exact() ? "all identical, token by token" : "NOT IDENTICAL");
    exactness.differences().forEach(difference -> out.println("                 " + difference));
    out.printf(
        Locale.ROOT,
        "%-16s %s tokens/s over %d devices in %.1f s%n",
        "speed",
        Rounding.text("%.1f", totals.tokens() / outcome.seconds()),
        deviceCount,
        outcome.seconds());
    if (totals.rounds() > 0) {
      out.printf(
          Locale.ROOT,
          "%-16s %s of the drafts (per position: %s)%n",
          "accepted share",
          Rounding.text("%.2f", totals.acceptedShare()),
          perPosition(totals));
      out.printf(
          Locale.ROOT,
          "%-16s p50 %.1f ms, p90 %.1f ms, p99 %.1f ms over %d rounds in %d steps%n",
          "round time",
          totals.roundMicros().getValueAtPercentile(50) / MICROS_PER_MILLI,
          totals.roundMicros().getValueAtPercentile(90) / MICROS_PER_MILLI,
          totals.roundMicros().getValueAtPercentile(99) / MICROS_PER_MILLI,
          totals.rounds(),
          outcome.serverStats().steps());
    }
    if (totals.overheadMicros().getTotalCount() > 0) {
      out.printf(
          Locale.ROOT,
          "%-16s p50 %d µs, p99 %d µs of the server beside queueing and computing%n",
          "overhead",
          totals.overheadMicros().getValueAtPercentile(50),
          totals.overheadMicros().getValueAtPercentile(99));
    }
  }

  private static String perPosition(StreamTotals totals) {
    StringBuilder text = new StringBuilder();
    for (Double acceptance : totals.acceptancePerPosition()) {
      text.append(text.length() == 0 ? "" : " ")
          .append(acceptance == null ? "-" : String.format(Locale.ROOT, "%.2f", acceptance));
    }
    return text.toString();
  }

  private static String text(Model tokenizer, int[] tokens) {
    Detokenizer detokenizer = new Detokenizer(tokenizer);
    return detokenizer.feed(tokens) + detokenizer.flush();
  }
}
