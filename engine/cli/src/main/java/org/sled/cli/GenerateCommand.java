package org.sled.cli;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.sled.bench.report.Rounding;
import org.sled.device.Generation;
import org.sled.device.GenerationEnd;
import org.sled.device.GenerationRequest;
import org.sled.device.GenerationStats;
import org.sled.device.SledClient;
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
      "  echo \"Once upon a time\" | sled generate --model demo:draft --raw -",
      "  sled generate --local --model demo:target --prompt \"Tell me a story\"",
      "  sled generate --temperature 0.8 --top-p 0.95 --prompt \"Tell me a story\"",
      "  sled generate --temperature 0.8 --seed 7 --prompt \"Go on\" --stop \".\"",
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
      converter = ServerAddress.Converter.class,
      description = "Where the server listens; 127.0.0.1:7411 if not said.")
  private ServerAddress server;

  @Option(
      names = "--local",
      description = "No server: load the target here and let it generate alone.")
  private boolean local;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      description =
          "The draft model; with --local the target. A GGUF file, demo:draft or demo:target."
              + " Default: demo:draft, with --local demo:target.")
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
    if (local && server != null) {
      throw new CommandFailure(
          ExitCodes.USAGE, "--server and --local contradict each other: give one of them");
    }
    if (maxTokens < 0 || contextTokens < 0 || (threads != null && threads < 0)) {
      throw new CommandFailure(
          ExitCodes.USAGE, "--max-tokens, --context and --threads are 0 or more");
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

  private TextOutput output(Model tokenizer) {
    return new TextOutput(tokenizer, stopStrings, json ? null : surroundings.out());
  }

  // ---------------------------------------------------------------- with a server

  private int generateWithServer(String text) throws InterruptedException {
    ServerAddress address = server == null ? ServerAddress.parse("127.0.0.1") : server;
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
    // Without drafts the tokenizer is enough.
    try (Model draft =
            Model.open(
                new ModelFiles(surroundings.home()).find(name),
                modelParams()
                    .withVocabularyOnly(drafting.draftTokens() == 0)
                    .withExactWeights(numerics == Numerics.EXACT));
        SledClient client =
            SledClient.builder()
                .server(address.host(), address.port())
                .draftModel(draft)
                .drafting(drafting.drafting())
                .draftThreads(threads == null ? 1 : threads)
                .exactDrafts(numerics == Numerics.EXACT)
                .authToken(authToken)
                .clientName("sled-cli")
                .connectTimeout(Duration.ofSeconds(timeoutSeconds))
                .connect()) {
      int[] tokens = prompt.tokens(draft, client.server().chatTemplate(), text);
      try (Generation generation = client.start(request(draft, tokens))) {
        running.set(generation);
        if (interrupted.get()) {
          generation.cancel();
        }
        TextOutput output = output(draft);
        try {
          for (int token = generation.next(); token != Generation.END; token = generation.next()) {
            output.add(token);
          }
        } finally {
          output.end();
        }
        report(client, address, generation, output, tokens.length, name);
        return generation.end() == GenerationEnd.CANCELLED ? ExitCodes.INTERRUPTED : ExitCodes.DONE;
      }
    }
  }

  private void report(
      SledClient client,
      ServerAddress address,
      Generation generation,
      TextOutput output,
      int promptTokens,
      String draftName) {
    GenerationStats stats = generation.stats();
    StreamTotals totals = new StreamTotals();
    totals.add(stats);
    if (json) {
      surroundings
          .out()
          .println(
              Json.line(
                  new GenerationReport(
                      stats.tokens(),
                      Rounding.orNull(stats.tokensPerSecond()),
                      stats.rounds(),
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
                      address.toString(),
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
      TextOutput output = output(target.model());
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
