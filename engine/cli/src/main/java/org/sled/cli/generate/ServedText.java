package org.sled.cli.generate;

import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.sled.bench.report.Rounding;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Interruption;
import org.sled.cli.command.Json;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.options.NumericsChoice;
import org.sled.cli.options.SamplingReport;
import org.sled.cli.options.TemplateOptions;
import org.sled.cli.output.Percentiles;
import org.sled.cli.output.Progress;
import org.sled.cli.output.StreamTotals;
import org.sled.device.EventStream;
import org.sled.device.Generation;
import org.sled.device.GenerationEnd;
import org.sled.device.GenerationStats;
import org.sled.device.ServerInfo;
import org.sled.device.SledClient;
import org.sled.device.StreamEvent;
import org.sled.device.TokenizerMismatchException;
import org.sled.jni.Model;
import org.sled.jni.Numerics;
import org.sled.jni.Prompt;

/** {@code sled generate} with a server: drafts come from here, the text from there. */
final class ServedText {
  private static final double NANOS_PER_MILLI = 1e6;
  private static final double MICROS_PER_MILLI = 1e3;

  private final CommandContext context;
  private final TextWish wish;
  private final Supplier<SledClient.Builder> clients;

  /**
   * Creates it.
   *
   * @param clients set up but for what drafts; asked again where the first one does not fit
   */
  ServedText(CommandContext context, TextWish wish, Supplier<SledClient.Builder> clients) {
    this.context = context;
    this.wish = wish;
    this.clients = clients;
  }

  /**
   * Generates; the exit code.
   *
   * @param model the draft model's name, {@link ModelFiles#NONE} for none; null for the demo's if
   *     that is one for the server, and none if not
   */
  int generate(String model) throws InterruptedException {
    Interruption interruption = new Interruption(context.signals());
    if (model != null && !model.equals(ModelFiles.NONE)) {
      try (Model draft = open(model);
          SledClient client = clients.get().draftModel(draft).connect()) {
        return generate(client, model, interruption);
      }
    }
    if (model == null) {
      try (Model draft = open(ModelFiles.DEMO_DRAFT);
          SledClient client = connectIfFits(draft)) {
        if (client != null) {
          return generate(client, ModelFiles.DEMO_DRAFT, interruption);
        }
      }
      context
          .err()
          .println(
              "the server's target has another vocabulary than demo:draft, the default of --model:"
                  + " going on as with --model none, where drafts are what was said before; give a"
                  + " draft model of the target's family with --model FILE");
    }
    try (SledClient client = clients.get().promptLookup().connect()) {
      return generate(client, ModelFiles.NONE, interruption);
    }
  }

  /** Without drafts the tokenizer is enough. */
  private Model open(String name) {
    Progress progress = Progress.of(context, "loading " + name);
    try (progress) {
      ModelFiles models = ModelFiles.of(context);
      Path file = models.find(name);
      return Model.open(
          file,
          models
              .params(file, wish.modelParams())
              .withVocabularyOnly(wish.draftTokens() == 0 || wish.showsPrompt())
              .withExactWeights(wish.numerics() == Numerics.EXACT));
    }
  }

  /** Null if the draft model is none for the server. */
  private SledClient connectIfFits(Model draft) throws InterruptedException {
    try {
      return clients.get().draftModel(draft).connect();
    } catch (TokenizerMismatchException e) {
      return null;
    }
  }

  private int generate(SledClient client, String draftName, Interruption interruption)
      throws InterruptedException {
    Model tokenizer = client.tokenizer();
    ServerInfo server = client.server();
    Prompt prompt =
        wish.prompt(tokenizer, server.chatOptions(), server.contextTokens(), context.err());
    if (wish.showsPrompt()) {
      wish.show(tokenizer, prompt, context.out());
      return ExitCodes.DONE;
    }
    int[] tokens = prompt.tokens();
    Waiting waiting = new Waiting();
    waiting.begin("waiting for the first token of a prompt of " + tokens.length + " tokens");
    Progress progress = Progress.inLines(context, waiting);
    try (progress;
        EventStream stream = client.events(wish.request(tokenizer, tokens))) {
      Generation generation = stream.generation();
      interruption.running(generation::cancel);
      ServedOutput output = output(tokenizer);
      try {
        for (StreamEvent event = stream.next(); event != null; event = stream.next()) {
          waiting.on(event);
          output.on(event);
        }
      } finally {
        waiting.end();
        output.end();
      }
      TextWish.sayFull(generation.end(), client.server().contextTokens(), context.err());
      report(client, generation, output, prompt, draftName);
      return generation.end() == GenerationEnd.CANCELLED ? ExitCodes.INTERRUPTED : ExitCodes.DONE;
    }
  }

  /** What there is to wait for; nothing while text comes. */
  private static final class Waiting implements Supplier<String> {
    /** What is over sooner is not worth a line. */
    private static final long SHORT_SECONDS = 5;

    private String what; // guarded by this, so too below; null for nothing
    private long sinceNanos;

    synchronized void begin(String newWhat) {
      what = newWhat;
      sinceNanos = System.nanoTime();
    }

    synchronized void end() {
      what = null;
    }

    void on(StreamEvent event) {
      if (event instanceof StreamEvent.ConnectionLost lost) {
        begin("waiting for a server (" + lost.reason() + ")");
      } else if (event instanceof StreamEvent.Verified || event instanceof StreamEvent.Resumed) {
        end();
      }
    }

    @Override
    public synchronized String get() {
      long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - sinceNanos);
      return what == null || seconds < SHORT_SECONDS ? null : what + ": " + seconds + " s";
    }
  }

  private ServedOutput output(Model tokenizer) {
    return wish.form() == TextWish.Form.EVENTS
        ? new EventLines(tokenizer, wish.stopStrings(), context.out())
        : new PlainOutput(tokenizer, wish.stopStrings(), wish.textOut(context), context.err());
  }

  private void report(
      SledClient client,
      Generation generation,
      ServedOutput output,
      Prompt prompt,
      String draftName) {
    GenerationStats stats = generation.stats();
    String numerics = NumericsChoice.word(client.server().exactNumerics());
    long numericsId = client.server().numericsId();
    if (!wish.isReported()) {
      context
          .err()
          .println(
              TextWish.speed(stats.tokens(), stats.tokensPerSecond())
                  + rounds(stats)
                  + wish.ending(prompt, numerics, numericsId));
      return;
    }
    StreamTotals totals = new StreamTotals();
    totals.add(stats);
    boolean drafted = wish.draftTokens() > 0;
    context
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
                    drafted ? totals.acceptancePerPosition() : null,
                    Percentiles.millis(stats.roundMicros()),
                    Percentiles.micros(stats.serverOverheadMicros()),
                    output.text(),
                    output.tokens(),
                    generation.end().word(),
                    stats.timeToFirstTokenNanos() < 0
                        ? null
                        : Rounding.orNull(stats.timeToFirstTokenNanos() / NANOS_PER_MILLI),
                    wish.draftTokens(),
                    prompt.tokens().length,
                    client.server().address(),
                    SamplingReport.of(wish.sampling()),
                    TemplateOptions.written(prompt.time()),
                    wish.stopStrings(),
                    numerics,
                    TextWish.hex(numericsId),
                    client.server().modelName(),
                    drafted ? draftName : null)));
    context.out().flush();
  }

  private static String rounds(GenerationStats stats) {
    if (stats.rounds() == 0) {
      return "";
    }
    return String.format(
        Locale.ROOT,
        ", %d rounds, accepted share %s, round p50 %.1f ms, p99 %.1f ms",
        stats.rounds(),
        Rounding.text("%.2f", stats.acceptedShare()),
        stats.roundMicros().getValueAtPercentile(50) / MICROS_PER_MILLI,
        stats.roundMicros().getValueAtPercentile(99) / MICROS_PER_MILLI);
  }
}
