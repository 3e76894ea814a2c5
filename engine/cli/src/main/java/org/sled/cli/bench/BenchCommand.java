package org.sled.cli.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.sled.bench.cost.CostMeasurement;
import org.sled.bench.cost.CostTable;
import org.sled.bench.energy.EnergyMeters;
import org.sled.bench.energy.EnergyReport;
import org.sled.bench.energy.EnergySession;
import org.sled.bench.load.LoadPlan;
import org.sled.bench.report.BenchResult;
import org.sled.bench.report.BoundResult;
import org.sled.bench.report.CapacityResult;
import org.sled.bench.report.EnergyResult;
import org.sled.bench.report.Environment;
import org.sled.bench.report.PeerComparison;
import org.sled.bench.report.ResultBuilder;
import org.sled.bench.report.RunOutcome;
import org.sled.bench.trace.DraftTrace;
import org.sled.bench.trace.TraceRecorder;
import org.sled.cli.bench.options.BenchAnalysisOptions;
import org.sled.cli.bench.options.BenchDeviceOptions;
import org.sled.cli.bench.options.BenchLoadOptions;
import org.sled.cli.bench.options.BenchPeerOptions;
import org.sled.cli.bench.options.BenchServerOptions;
import org.sled.cli.bench.options.BenchSettings;
import org.sled.cli.bench.output.BenchOutput;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Version;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.files.TraceInput;
import org.sled.cli.options.IntegerWithin;
import org.sled.cli.options.LogOptions;
import org.sled.cli.options.SamplingOptions;
import org.sled.cli.output.Progress;
import org.sled.jni.Model;
import org.sled.net.protocol.Sampling;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code sled bench}: load on a server, measured. */
@Command(
    name = "bench",
    versionProvider = Version.class,
    sortOptions = false,
    description = "Puts the load of many devices on a server, and measures it.",
    footer = {
      "",
      "Examples:",
      "  sled bench --target demo:target --concurrency 8 --duration 10 --report out/",
      "  sled bench --server edge:7411 --model draft.gguf --request-rate 2 --goodput"
          + " ttft:500,tpot:50",
      "  sled bench --target target.gguf --model draft.gguf --record trace.gz",
      "  sled bench --target target.gguf --replay trace.gz --concurrency 64 --rtt 40",
      "  sled bench --target target.gguf --mode central",
      "  sled bench --target target.gguf --replay trace.gz --find-capacity --tpot-slo 100",
      "  sled bench --target target.gguf --replay trace.gz --cost-table costs.json",
      "  sled bench --target target.gguf --peers llama-server,central --report peers/",
      "  sled bench --compare before/result.json after/result.json",
      "",
      "A closed loop (--concurrency) shows what the server can do; an open one (--request-rate)",
      "what its users see, waiting included. Only the open one is free of coordinated omission.",
    })
public final class BenchCommand implements Callable<Integer> {
  /** How the text comes into being. */
  enum Mode {
    /** Devices draft, the server verifies. */
    SLED,
    /** The server generates alone. */
    CENTRAL
  }

  private final CommandContext context;

  @Spec private CommandSpec spec;

  @ArgGroup private BenchSubject subject; // null until call() if none of it is given

  @Option(
      names = "--mode",
      paramLabel = "sled|central",
      defaultValue = "sled",
      description =
          "sled: devices draft. central: the server generates alone, the baseline. Default:"
              + " ${DEFAULT-VALUE}.")
  private Mode mode;

  @Mixin private BenchDeviceOptions device;

  @Mixin private BenchLoadOptions load;

  @Mixin private SamplingOptions samplingOptions;

  @Mixin private BenchServerOptions serverOptions;

  @Mixin private BenchAnalysisOptions analysis;

  @Mixin private BenchPeerOptions peers;

  @Option(
      names = "--repetitions",
      paramLabel = "N",
      defaultValue = "1",
      converter = IntegerWithin.CountOrAuto.class,
      description =
          "Runs, one after another; from two on the report has confidence intervals. Default:"
              + " ${DEFAULT-VALUE}.")
  private int repetitions;

  @Mixin private BenchOutput output;

  @Option(
      names = "--auth-token",
      paramLabel = "TOKEN",
      defaultValue = "",
      description = "What the server asks for; better given as SLED_AUTH_TOKEN.")
  private String authToken;

  @Mixin private LogOptions log;

  public BenchCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws Exception {
    log.apply();
    if (subject == null) {
      // Not from the beginning: picocli would fill it from the environment.
      subject = new BenchSubject();
    }
    if (subject.compare() != null) {
      return new BenchComparison(context).print(subject.compare().get(0), subject.compare().get(1));
    }
    check();
    Thread main = Thread.currentThread();
    context.signals().onInterrupt(main::interrupt);
    return peers.isComparison() ? comparePeers() : measure();
  }

  private void check() {
    if (peers.isComparison()
        && (!subject.startsServer() || mode == Mode.CENTRAL || load.isOpenLoop())) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "--peers compares servers that it starts itself, in a closed loop: give --target, and"
              + " leave --server, --mode and --request-rate out");
    }
    if (peers.isComparison()) {
      var unused = peers.peers(); // says now what is unknown
    }
    analysis.check(load.isOpenLoop(), repetitions);
    if (repetitions < 1) {
      throw new CommandFailure(ExitCodes.USAGE, "--repetitions is 1 or more");
    }
    if (device.record() != null && (device.replay() != null || mode == Mode.CENTRAL)) {
      throw new CommandFailure(
          ExitCodes.USAGE, "--record needs devices that draft: leave --replay and central out");
    }
    if (device.looksUp()
        && (!subject.startsServer() || peers.isComparison() || device.record() != null)) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "--model none takes its tokenizer from --target, and there is no model to compare or to"
              + " record: leave --server, --peers and --record out");
    }
    if (mode == Mode.SLED && device.drafting().draftTokens() == 0) {
      throw new CommandFailure(
          ExitCodes.USAGE, "without drafts it is --mode central; or give --draft-tokens 1 or more");
    }
  }

  private int measure() throws Exception {
    Sampling sampling = samplingOptions.sampling();
    DraftTrace trace = device.replay() == null ? null : TraceInput.read(device.replay());
    int devices = single("--concurrency", load.concurrency(defaultConcurrency()));
    double rtt = single("--rtt", device.rttMillis(List.of(0.0)));
    LoadPlan plan = load.plan(devices, sampling.seed());
    CostTable costs = analysis.costTable(() -> measureCosts(trace));
    // A replayed device needs no model at all, a central one its tokenizer.
    try (Model model = trace != null ? null : openModel();
        EnergyMeters meters = EnergyMeters.discover();
        BenchServer server = server(devices)) {
      BenchRuns runs =
          new BenchRuns(context, device, load, mode, model, trace, sampling, authToken);
      TraceRecorder recorder = device.record() == null ? null : new TraceRecorder();
      List<RunOutcome> outcomes = new ArrayList<>();
      CapacityResult capacity = null;
      EnergyReport energy;
      try (EnergySession session = EnergySession.start(meters)) {
        if (analysis.findsCapacity()) {
          BenchCapacity search = new BenchCapacity(context, analysis, runs);
          capacity = search.find(server, plan, rtt);
          outcomes.addAll(search.outcomes());
        } else {
          for (int i = 0; i < repetitions; i++) {
            String label = repetitions == 1 ? "" : (i + 1) + ": ";
            outcomes.add(runs.run(server, plan, rtt, recorder, label));
          }
        }
        energy = session.stop();
      }
      if (recorder != null) {
        var unused = new BenchTraces(context, device).finish(recorder, model, runs);
      }
      finish(server, runs, plan, outcomes, sampling, capacity, energy, costs);
      return ExitCodes.DONE;
    }
  }

  private int comparePeers() throws Exception {
    Sampling sampling = samplingOptions.sampling();
    List<Integer> counts = new ArrayList<>(load.concurrency(List.of(1, 2, 4, 8, 16)));
    counts.sort(null);
    int most = counts.get(counts.size() - 1);
    Path target = subject.targetFile(context);
    DraftTrace recorded = device.replay() == null ? null : TraceInput.read(device.replay());
    try (Model model = recorded == null ? openModel() : null;
        BenchServer server = server(most)) {
      BenchRuns runs =
          new BenchRuns(context, device, load, mode, model, recorded, sampling, authToken);
      DraftTrace trace =
          recorded == null
              ? new BenchTraces(context, device).recordAll(server, runs, model)
              : recorded;
      BenchPeers.Setup setup =
          new BenchPeers.Setup(
              peers.peers(),
              target,
              peers.peers().contains(BenchPeerOptions.Peer.LLAMA_SERVER_DRAFT) ? draftFile() : null,
              serverOptions.threads(true),
              runs.contextTokens(server),
              trace,
              load.requests(trace),
              load.plan(most, sampling.seed()),
              counts,
              device.rttMillis(List.of(0.0, 40.0)),
              repetitions,
              device);
      BenchPeers systems = new BenchPeers(context, setup);
      PeerComparison comparison =
          systems.compare(
              server,
              authToken,
              analysis.tpotMillis(),
              analysis.percentile(),
              settings(sampling)
                  .with("concurrency", counts)
                  .with("rtt", setup.rttMillis())
                  .with("duration", setup.plan().duration().toSeconds()));
      output.write(context, comparison);
      if (systems.interrupted()) {
        throw new InterruptedException();
      }
      return ExitCodes.DONE;
    }
  }

  private Model openModel() {
    boolean vocabularyOnly = mode == Mode.CENTRAL || device.looksUp();
    Path file = device.looksUp() ? subject.targetFile(context) : draftFile();
    Progress progress = Progress.of(context, "loading " + file);
    try (progress) {
      return Model.open(
          file,
          serverOptions
              .modelParams(ModelFiles.of(context), file)
              .withVocabularyOnly(vocabularyOnly));
    }
  }

  private Path draftFile() {
    return ModelFiles.of(context).find(device.model());
  }

  private BenchSettings settings(Sampling sampling) {
    BenchSettings settings = new BenchSettings(spec.commandLine().getParseResult(), sampling);
    return subject.startsServer()
        ? settings
            .with("target", subject.target())
            .with("server_threads", serverOptions.threads(undisturbed()))
        : settings;
  }

  /** Whether the server has this machine's processor for itself. */
  private boolean undisturbed() {
    return device.replay() != null
        || device.looksUp()
        || mode == Mode.CENTRAL
        || peers.isComparison();
  }

  private List<Integer> defaultConcurrency() {
    return List.of(load.isOpenLoop() ? 64 : 4);
  }

  private static <T> T single(String option, List<T> values) {
    if (values.size() != 1) {
      throw new CommandFailure(ExitCodes.USAGE, option + " takes several values only with --peers");
    }
    return values.get(0);
  }

  private BenchServer server(int devices) throws InterruptedException {
    return subject.connect(context, serverOptions, devices, undisturbed());
  }

  /** Behind contexts as long as those of the trace are, if there is one. */
  private CostTable measureCosts(DraftTrace trace) throws InterruptedException {
    if (!subject.startsServer()) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "what a step costs is measured on this machine: give --target, or a file with a table");
    }
    int devices = single("--concurrency", load.concurrency(defaultConcurrency()));
    return BenchCosts.measure(
        context,
        subject.targetFile(context),
        serverOptions.modelParams(ModelFiles.of(context), subject.targetFile(context)),
        serverOptions.engineParams(undisturbed()),
        devices,
        trace == null ? CostMeasurement.DEFAULT_CONTEXT_TOKENS : trace.meanContextTokens());
  }

  private void finish(
      BenchServer server,
      BenchRuns runs,
      LoadPlan plan,
      List<RunOutcome> outcomes,
      Sampling sampling,
      CapacityResult capacity,
      EnergyReport energy,
      CostTable costs)
      throws IOException {
    BenchSettings settings = settings(sampling);
    settings
        .with("concurrency", runs.devices())
        .with("rtt", device.rttMillis(List.of(0.0)).get(0))
        .with("duration", plan.duration().toSeconds())
        .with("max_tokens", runs.maxTokens());
    runs.describe(settings);
    BenchResult result =
        new ResultBuilder(outcomes)
            .build(
                new ResultBuilder.Context(
                    Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                    settings.command(),
                    settings.all(),
                    Environment.here(Version.sled()),
                    runs.describe(server),
                    load.goodput(),
                    EnergyResult.of(
                        energy,
                        subject.startsServer() ? "server and devices" : "devices",
                        runs.tokens()),
                    device.replay() == null ? null : device.replay().toString(),
                    capacity));
    if (costs != null) {
      result = result.withBound(BoundResult.of(costs, runs.devices(), result));
    }
    output.write(context, result, plan, outcomes);
  }
}
