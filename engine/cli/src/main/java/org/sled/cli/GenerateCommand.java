package org.sled.cli;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.sled.bench.report.Rounding;
import org.sled.device.EventStream;
import org.sled.device.Generation;
import org.sled.device.GenerationEnd;
import org.sled.device.GenerationRequest;
import org.sled.device.GenerationStats;
import org.sled.device.SledClient;
import org.sled.device.StreamEvent;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.Numerics;
import org.sled.jni.VerifyEngine;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code sled generate}: one text, from a server or from the target alone. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    description = "Generates a text: with a server and a draft model here, or the target alone.",
    footer = {
      "",
      "Examples:",
      "  sled generate --server edge:7411 --model draft.gguf --prompt \"Tell me a story\"",
      "  sled generate --model demo:draft --prompt-file question.txt --draft-tokens 6",
      "  sled generate --server edge:7411 --model none --prompt-file report.txt",
      "  echo \"Once upon a time\" | sled generate --model demo:draft --raw -",
      "  sled generate --local --model demo:target --prompt \"Tell me a story\"",
      "  sled generate --temperature 0.8 --top-p 0.95 --prompt \"Tell me a story\"",
      "  sled generate --temperature 0.8 --seed 7 --prompt \"Go on\" --stop \".\"",
      "  sled generate --server edge1,edge2 --outage local --prompt \"Tell me a story\"",
      "",
      "With the same target both ways print the same text, whatever is drafted. With a",
      "temperature they do so for the same seed."
    })
final class GenerateCommand implements Callable<Integer> {
  private static final double NANOS_PER_MILLI = 1e6;
  private static final double NANOS_PER_SECOND = 1e9;

  private final Surroundings surroundings;

  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      split = ",",
      converter = ServerAddress.Converter.class,
      description =
          "Where the server listens; 127.0.0.1:7411 if not said. Several with commas, or a name"
              + " with several addresses: each client prefers one of them, and turns to the others"
              + " when that one is gone.")
  private List<ServerAddress> servers;

  @Mixin private OutageOptions outage;

  @Option(
      names = "--local",
      description = "No server: load the target here and let it generate alone.")
  private boolean local;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      description =
          "The draft model; with --local the target. A GGUF file, demo:draft or demo:target. none: no"
              + " file here; the tokenizer comes from the server, and drafts are what followed when"
              + " the last tokens were said before. Default: demo:draft, with --local demo:target.")
  private String model;

  @Mixin private PromptOptions prompt;

  @Option(
      names = {"-n", "--max-tokens"},
      paramLabel = "N",
      defaultValue = "256",
      description =
          "New tokens at most, 0 for as many as the context holds. Default: ${DEFAULT-VALUE}.")
  private int maxTokens;

  @Mixin private DraftingOptions drafting;

  @Option(names = "--ignore-end", description = "Go on after end-of-generation tokens.")
  private boolean ignoreEnd;

  @Mixin private SamplingOptions samplingOptions;

  @Mixin private StopOptions stopOptions;

  @Option(
      names = "--numerics",
      paramLabel = "exact|fast",
      description = {
        "With --local, exact: a token's bits do not depend on what is computed with it, or refuse;"
            + " fast: whatever is quickest. Default: exact where possible.",
        "With a server it is about the drafts: exact computes them as an exact server does, and"
            + " refuses a server that is not; they are fast by default."
      })
  private Numerics numerics;

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description =
          "Threads for the model here, 0 for all cores. Default: 1 for a draft model, all cores"
              + " with --local.")
  private Integer threads;

  @Option(
      names = "--context",
      paramLabel = "N",
      defaultValue = "0",
      description = "With --local: tokens of the context, 0 for the model's, at most 4096.")
  private int contextTokens;

  @Option(
      names = "--gpu-layers",
      paramLabel = "N",
      defaultValue = "-1",
      description = "Layers of the model on a GPU if there is one, -1 for all.")
  private int gpuLayers;

  @Mixin private GpuRequirement gpu;

  @Option(
      names = "--auth-token",
      paramLabel = "TOKEN",
      defaultValue = "",
      description = "What the server asks for; better given as SLED_AUTH_TOKEN.")
  private String authToken;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "10",
      description = "Time for connecting. Default: ${DEFAULT-VALUE}.")
  private int timeoutSeconds;

  @Option(
      names = "--json",
      description = "Print one JSON object as the last line of stdout, and no text as it comes.")
  private boolean json;

  @Option(
      names = "--events",
      description =
          "Print what happens as it happens, one JSON object a line: verified and unverified"
              + " tokens, a revision of those, a lost connection, and where the text goes on. The"
              + " last line is that of --json.")
  private boolean events;

  @Mixin private LogOptions log;

  private Sampling sampling;
  private List<String> stopStrings;
  private final AtomicBoolean interrupted = new AtomicBoolean();

  GenerateCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws Exception {
    log.apply();
    check();
    sampling = samplingOptions.sampling();
    stopStrings = stopOptions.strings();
    gpu.check(gpuLayers);
    String text = prompt.text(surroundings.in());
    return local ? generateAlone(text) : generateWithServer(text);
  }

  private void check() {
    if (events && (local || json)) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "--events is about a text from a server, and ends with the line of --json: leave out "
              + (local ? "--local" : "--json"));
    }
    if (local && servers != null) {
      throw new CommandFailure(
          ExitCodes.USAGE, "--server and --local contradict each other: give one of them");
    }
    if (maxTokens < 0 || contextTokens < 0 || (threads != null && threads < 0)) {
      throw new CommandFailure(
          ExitCodes.USAGE, "--max-tokens, --context and --threads are 0 or more");
    }
    if (local && ModelFiles.NONE.equals(model)) {
      throw new CommandFailure(
          ExitCodes.USAGE, "--local generates with a model: --model none is for use with a server");
    }
    if (timeoutSeconds < 1) {
      throw new CommandFailure(ExitCodes.USAGE, "--timeout is 1 second or more");
    }
  }

  private ModelParams modelParams() {
    return ModelParams.DEFAULT.withGpuLayers(gpuLayers);
  }

  private GenerationRequest request(Model tokenizer, int[] tokens) {
    SamplingOptions.check(sampling, tokenizer);
    return new GenerationRequest(
        TokenIds.of(tokens), maxTokens, drafting.draftTokens(), ignoreEnd, sampling, stopStrings);
  }

  private ServedOutput servedOutput(Model tokenizer) {
    return events
        ? new EventLines(tokenizer, stopStrings, surroundings.out())
        : new PlainOutput(
            tokenizer, stopStrings, json ? null : surroundings.out(), surroundings.err());
  }

  // ---------------------------------------------------------------- with a server

  /** Without drafts the tokenizer is enough. */
  private Model openDraft(String name) {
    return Model.open(
        new ModelFiles(surroundings.home()).find(name),
        modelParams()
            .withVocabularyOnly(drafting.draftTokens() == 0)
            .withExactWeights(numerics == Numerics.EXACT));
  }

  private int generateWithServer(String text) throws InterruptedException {
    AtomicReference<Generation> running = new AtomicReference<>();
    Thread main = Thread.currentThread();
    surroundings
        .signals()
        .onInterrupt(
            () -> {
              interrupted.set(true);
              Generation generation = running.get();
              if (generation != null) {
                generation.cancel();
              } else {
                main.interrupt();
              }
            });
    String name = model == null ? ModelFiles.DEMO_DRAFT : model;
    try (Model draft = name.equals(ModelFiles.NONE) ? null : openDraft(name);
        SledClient client =
            (draft == null
                    ? SledClient.builder().promptLookup()
                    : SledClient.builder().draftModel(draft))
                .servers(addresses())
                .outage(outage.outage())
                .outageTimeout(outage.timeout())
                .drafting(drafting.drafting())
                .draftThreads(threads == null ? 1 : threads)
                .exactDrafts(numerics == Numerics.EXACT)
                .authToken(authToken)
                .clientName("sled-cli")
                .connectTimeout(Duration.ofSeconds(timeoutSeconds))
                .connect()) {
      Model tokenizer = client.tokenizer();
      int[] tokens = prompt.tokens(tokenizer, client.server().chatTemplate(), text);
      try (EventStream stream = client.events(request(tokenizer, tokens))) {
        Generation generation = stream.generation();
        running.set(generation);
        if (interrupted.get()) {
          generation.cancel();
        }
        ServedOutput output = servedOutput(tokenizer);
        try {
          for (StreamEvent event = stream.next(); event != null; event = stream.next()) {
            output.on(event);
          }
        } finally {
          output.end();
        }
        report(client, generation, output, tokens.length, name);
        return generation.end() == GenerationEnd.CANCELLED ? ExitCodes.INTERRUPTED : ExitCodes.DONE;
      }
    }
  }

  private List<InetSocketAddress> addresses() {
    List<ServerAddress> all = servers == null ? List.of(ServerAddress.parse("127.0.0.1")) : servers;
    return all.stream()
        .map(server -> InetSocketAddress.createUnresolved(server.host(), server.port()))
        .toList();
  }

  private void report(
      SledClient client,
      Generation generation,
      ServedOutput output,
      int promptTokens,
      String draftName) {
    GenerationStats stats = generation.stats();
    StreamTotals totals = new StreamTotals();
    totals.add(stats);
    if (json || events) {
      surroundings
          .out()
          .println(
              Json.line(
                  new GenerationReport(
                      stats.tokens(),
                      Rounding.orNull(stats.tokensPerSecond()),
                      stats.rounds(),
                      stats.resumes(),
                      stats.drafted(),
                      stats.accepted(),
                      Rounding.orNull(stats.acceptedShare()),
                      drafting.draftTokens() == 0 ? null : totals.acceptancePerPosition(),
                      Percentiles.millis(stats.roundMicros()),
                      Percentiles.micros(stats.serverOverheadMicros()),
                      output.text(),
                      output.tokens(),
                      generation.end().word(),
                      stats.timeToFirstTokenNanos() < 0
                          ? null
                          : Rounding.orNull(stats.timeToFirstTokenNanos() / NANOS_PER_MILLI),
                      drafting.draftTokens(),
                      promptTokens,
                      client.server().address(),
                      SamplingReport.of(sampling),
                      stopStrings,
                      NumericsChoice.word(client.server().exactNumerics()),
                      hex(client.server().numericsId()),
                      client.server().modelName(),
                      drafting.draftTokens() == 0 ? null : draftName)));
      surroundings.out().flush();
      return;
    }
    StringBuilder line = new StringBuilder(tokensLine(stats.tokens(), stats.tokensPerSecond()));
    if (stats.rounds() > 0) {
      line.append(
          String.format(
              Locale.ROOT,
              ", %d rounds, accepted share %.2f, round p50 %.1f ms, p99 %.1f ms",
              stats.rounds(),
              stats.acceptedShare(),
              stats.roundMicros().getValueAtPercentile(50) / 1e3,
              stats.roundMicros().getValueAtPercentile(99) / 1e3));
    }
    surroundings
        .err()
        .println(
            line.append(SamplingReport.words(sampling))
                .append(
                    numericsWords(
                        NumericsChoice.word(client.server().exactNumerics()),
                        client.server().numericsId())));
  }

  private static String tokensLine(int tokens, double perSecond) {
    return String.format(Locale.ROOT, "%d tokens, %.1f tokens/s", tokens, perSecond);
  }

  private static String numericsWords(String numerics, long id) {
    return ", " + numerics + " numerics " + hex(id);
  }

  private static String hex(long numericsId) {
    return String.format("%016x", numericsId);
  }

  // ---------------------------------------------------------------- the target alone

  private int generateAlone(String text) {
    surroundings.signals().onInterrupt(() -> interrupted.set(true));
    String name = model == null ? ModelFiles.DEMO_TARGET : model;
    try (TargetAlone target =
        new TargetAlone(
            new ModelFiles(surroundings.home()).find(name),
            modelParams(),
            EngineParams.DEFAULT
                .withContextTokens(contextTokens)
                .withThreads(threads == null ? 0 : threads)
                .withNumerics(numerics))) {
      int[] tokens = prompt.tokens(target.model(), target.model().chatTemplate(), text);
      TextOutput output =
          new TextOutput(target.model(), stopStrings, json ? null : surroundings.out());
      long startNanos = System.nanoTime();
      long[] tokenNanos = {-1, 0};
      GenerationEnd end;
      try {
        end =
            target.generate(
                request(target.model(), tokens),
                token -> {
                  tokenNanos[1] = System.nanoTime() - startNanos;
                  tokenNanos[0] = tokenNanos[0] < 0 ? tokenNanos[1] : tokenNanos[0];
                  output.add(token);
                },
                interrupted::get);
      } finally {
        output.end();
      }
      int count = output.tokens().size();
      double perSecond = count == 0 ? Double.NaN : count * NANOS_PER_SECOND / tokenNanos[1];
      if (json) {
        reportAlone(target, output, end, tokens.length, perSecond, tokenNanos[0], name);
      } else {
        VerifyEngine.Info info = target.info();
        surroundings
            .err()
            .println(
                tokensLine(count, perSecond)
                    + SamplingReport.words(sampling)
                    + numericsWords(NumericsChoice.word(info.numerics()), info.numericsId()));
      }
      return end == GenerationEnd.CANCELLED ? ExitCodes.INTERRUPTED : ExitCodes.DONE;
    }
  }

  private void reportAlone(
      TargetAlone target,
      TextOutput output,
      GenerationEnd end,
      int promptTokens,
      double perSecond,
      long firstTokenNanos,
      String name) {
    surroundings
        .out()
        .println(
            Json.line(
                new GenerationReport(
                    output.tokens().size(),
                    Rounding.orNull(perSecond),
                    0,
                    null,
                    0L,
                    0L,
                    null,
                    null,
                    null,
                    null,
                    output.text(),
                    output.tokens(),
                    end.word(),
                    firstTokenNanos < 0 ? null : Rounding.orNull(firstTokenNanos / NANOS_PER_MILLI),
                    null,
                    promptTokens,
                    null,
                    SamplingReport.of(sampling),
                    stopStrings,
                    NumericsChoice.word(target.info().numerics()),
                    hex(target.info().numericsId()),
                    target.model().name().isEmpty() ? name : target.model().name(),
                    null)));
    surroundings.out().flush();
  }
}
