package org.sled.cli.fit;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.sled.bench.cost.CostTable;
import org.sled.bench.fit.FitAdvice;
import org.sled.bench.fit.FitCell;
import org.sled.bench.fit.FitResult;
import org.sled.bench.fit.KindAcceptance;
import org.sled.bench.report.EnergyResult;
import org.sled.bench.report.ReportFiles;
import org.sled.bench.report.Rounding;
import org.sled.bench.trace.DraftTrace;
import org.sled.bench.trace.TraceFile;
import org.sled.bench.trace.TraceStream;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Version;
import org.sled.cli.options.LogOptions;
import org.sled.cli.options.SamplingOptions;
import org.sled.cli.options.ServerAddress;
import org.sled.net.protocol.Sampling;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code sled fit}: whether a pair of models pays. */
@Command(
    name = "fit",
    versionProvider = Version.class,
    sortOptions = false,
    description = {
      "Tells whether a draft model pays for a target: on this device, over which links, for how"
          + " many sessions.",
      "Both models are run here for a while. What is to be expected then comes from a simulation"
          + " in which devices and server decide as real ones do."
    },
    footer = {
      "",
      "Examples:",
      "  sled fit target.gguf draft.gguf",
      "  sled fit demo:target demo:draft --seconds 30",
      "  sled fit target.gguf draft.gguf --threads 4 --temperature 0.8",
      "  sled fit target.gguf draft.gguf --prompts mine.jsonl --rtt 5,60 --sessions 1,8",
      "  sled fit --server edge:7411 draft.gguf",
      "  sled fit target.gguf draft.gguf --json > fit.json",
      "  sled fit target.gguf draft.gguf --record trace.gz --cost-table costs.json",
      "",
      "The target's steps are measured on this machine: run it where the target is to be served,",
      "and give the rates of your devices as --draft-rates, or run it on a device for its rate.",
      "Nothing else should compute meanwhile. Ctrl-C ends it; nothing is left behind."
    })
public final class FitCommand implements Callable<Integer> {
  /** The server's time for a block beside queueing and computing. */
  private static final double OVERHEAD_MILLIS = 0.1;

  /** Shares of the time until when texts are recorded and steps measured. */
  private static final double RECORDED = 0.5;

  private static final double MEASURED = 0.8;

  private final CommandContext context;

  @Parameters(
      index = "0..1",
      arity = "1..2",
      paramLabel = "FILE",
      description =
          "TARGET, the large model, and DRAFT, the small one: GGUF files, or demo:target and"
              + " demo:draft. With --server DRAFT is enough.")
  private List<String> files;

  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      converter = ServerAddress.Converter.class,
      description =
          "Ask about the target of a running server: texts are what it says, and what its steps"
              + " take is what it says, too. It should have nothing else to do.")
  private ServerAddress server;

  @Option(
      names = "--auth-token",
      paramLabel = "TOKEN",
      defaultValue = "",
      description = "What the server asks for; better given as SLED_AUTH_TOKEN.")
  private String authToken;

  @Mixin private FitOptions options;

  @Mixin private SamplingOptions samplingOptions;

  @Option(
      names = "--json",
      description = "Print all that was found out as JSON on stdout; of an error, too.")
  private boolean json;

  @Mixin private LogOptions log;

  public FitCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws Exception {
    log.apply();
    options.check();
    if (files.size() < 2 && server == null) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "name two models, TARGET and DRAFT; one is enough only with --server HOST:PORT");
    }
    Sampling sampling = samplingOptions.sampling();
    FitRun run =
        new FitRun(context, options, sampling, new FitTime(options.seconds()), new FitNotes());
    Thread main = Thread.currentThread();
    context.signals().onInterrupt(main::interrupt);
    FitResult result;
    try (FitSubject subject = subject(run)) {
      result = fit(subject, run);
    }
    if (json) {
      context.out().print(ReportFiles.json(result));
    } else {
      result.lines().forEach(context.out()::println);
    }
    context.out().flush();
    return ExitCodes.DONE;
  }

  private FitSubject subject(FitRun run) throws IOException, InterruptedException {
    String target = files.size() == 2 ? files.get(0) : null;
    String draft = files.get(files.size() - 1);
    if (server != null) {
      say("loading the draft model, connecting to " + server + " ...");
      return new ServedPair(run, server, authToken, target, draft);
    }
    say("comparing the vocabularies, loading the models ...");
    return new LocalPair(run, target, draft);
  }

  private void say(String what) {
    context.err().println(what);
  }

  private FitResult fit(FitSubject subject, FitRun run) throws IOException, InterruptedException {
    FitTime time = run.time();
    FitPrompts prompts = subject.prompts();
    say(
        String.format(
            Locale.ROOT,
            "recording up to %d texts of %d kinds, %d tokens each at most ...",
            prompts.requests().size(),
            prompts.distinctKinds().size(),
            options.maxTokens()));
    DraftTrace trace = subject.record(prompts, time.endNanos(RECORDED));
    if (trace.streams().stream().allMatch(stream -> stream.tokens().length < 2)) {
      throw new CommandFailure(
          "the target ends every text at its first token: give other --prompts, or leave the"
              + " template out with --raw");
    }
    if (options.record() != null) {
      TraceFile.write(options.record(), trace);
    }
    say("measuring what a step of the target costs ...");
    CostTable costs = subject.costs(trace, time.endNanos(MEASURED));
    if (options.costTable() != null) {
      Files.writeString(options.costTable(), ReportFiles.json(costs));
    }
    double rate = subject.draftsPerSecond();
    FitTable table = new FitTable(context, trace, costs, OVERHEAD_MILLIS, rate, time);
    say("simulating links, devices and sessions ...");
    List<FitCell> cells = table.cells(options);
    double rtt = FitTable.middle(options.rttMillis());
    Double leastRate = table.leastRate(cells, rtt);
    return new FitResult(
        subject.target(),
        subject.draft(),
        subject.vocabulary(),
        subject.server(),
        describe(run.sampling()),
        acceptance(prompts, trace),
        Rounding.orNull(rate),
        options.threads(),
        costs,
        subject.shapesMeasured(),
        cells,
        leastRate,
        rtt,
        subject.energy() == null
            ? null
            : EnergyResult.of(subject.energy(), "target and draft model", trace.positions()),
        FitAdvice.of(cells, leastRate, rtt),
        run.notes().all(),
        time.cutShort(),
        Rounding.round(time.seconds()));
  }

  private static String describe(Sampling sampling) {
    return sampling.temperature() == 0
        ? "greedy"
        : String.format(Locale.ROOT, "temperature %s", sampling.temperature());
  }

  private static List<KindAcceptance> acceptance(FitPrompts prompts, DraftTrace trace) {
    Set<String> kinds = prompts.distinctKinds();
    List<KindAcceptance> all = new ArrayList<>();
    for (String kind : kinds) {
      List<TraceStream> streams =
          trace.streams().stream()
              .filter(stream -> prompts.kinds().get(stream.promptNumber()).equals(kind))
              .toList();
      all.add(KindAcceptance.of(kind, streams));
    }
    all.add(KindAcceptance.of("all", trace.streams()));
    return all;
  }
}
