package org.sled.cli.generate;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.sled.bench.report.Rounding;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Interruption;
import org.sled.cli.command.Json;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.options.NumericsChoice;
import org.sled.cli.options.SamplingReport;
import org.sled.cli.options.TemplateOptions;
import org.sled.cli.output.Progress;
import org.sled.cli.texts.TargetAlone;
import org.sled.device.GenerationEnd;
import org.sled.jni.ChatOptions;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.jni.Prompt;

/** {@code sled generate --local}: the target generates alone. */
final class LocalText {
  private static final double NANOS_PER_MILLI = 1e6;
  private static final double NANOS_PER_SECOND = 1e9;

  private final CommandContext context;
  private final TextWish wish;

  LocalText(CommandContext context, TextWish wish) {
    this.context = context;
    this.wish = wish;
  }

  /** When tokens came, since the start, ns. */
  private static final class Times {
    private final long startNanos = System.nanoTime();
    private volatile long first = -1;
    private volatile long last;

    void token() {
      last = System.nanoTime() - startNanos;
      first = first < 0 ? last : first;
    }

    /** What goes on before the first token; null afterwards. */
    String waiting(int promptTokens) {
      long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startNanos);
      return first >= 0
          ? null
          : "computing a prompt of " + promptTokens + " tokens: " + seconds + " s";
    }
  }

  /**
   * Generates; the exit code.
   *
   * @param name of the model, as the user says it
   * @param engineParams how it computes
   */
  int generate(String name, EngineParams engineParams) {
    if (wish.showsPrompt()) {
      return showPrompt(name);
    }
    Interruption interruption = new Interruption(context.signals());
    try (TargetAlone target = load(name, engineParams)) {
      int contextTokens = target.info().contextTokens();
      Prompt prompt =
          wish.prompt(target.model(), chatOptions(target.model()), contextTokens, context.err());
      int[] tokens = prompt.tokens();
      TextOutput output = new TextOutput(target.model(), wish.stopStrings(), wish.textOut(context));
      Times times = new Times();
      GenerationEnd end;
      interruption.running(() -> {}); // it is asked before each step
      Progress progress = Progress.inLines(context, () -> times.waiting(tokens.length));
      try (progress) {
        end =
            target.generate(
                wish.request(target.model(), tokens),
                token -> {
                  times.token();
                  output.add(token);
                },
                interruption::isRequested);
      } finally {
        output.end();
      }
      TextWish.sayFull(end, contextTokens, context.err());
      report(target, output, end, prompt, times, name);
      return end == GenerationEnd.CANCELLED ? ExitCodes.INTERRUPTED : ExitCodes.DONE;
    }
  }

  private int showPrompt(String name) {
    ModelFiles models = ModelFiles.of(context);
    Path file = models.find(name);
    try (Model model =
        Model.open(file, models.params(file, wish.modelParams()).withVocabularyOnly(true))) {
      Prompt prompt = wish.prompt(model, chatOptions(model), 0, context.err());
      wish.show(model, prompt, context.out());
      return ExitCodes.DONE;
    }
  }

  private static ChatOptions chatOptions(Model model) {
    return ChatOptions.DEFAULT.withTemplate(model.chatTemplate());
  }

  private TargetAlone load(String name, EngineParams engineParams) {
    Progress progress = Progress.of(context, "loading " + name);
    try (progress) {
      ModelFiles models = ModelFiles.of(context);
      Path file = models.find(name);
      return new TargetAlone(file, models.params(file, wish.modelParams()), engineParams);
    }
  }

  private void report(
      TargetAlone target,
      TextOutput output,
      GenerationEnd end,
      Prompt prompt,
      Times times,
      String name) {
    int count = output.tokens().size();
    double perSecond = count * NANOS_PER_SECOND / times.last; // NaN without any
    String numerics = NumericsChoice.word(target.info().numerics());
    long numericsId = target.info().numericsId();
    if (!wish.isReported()) {
      context
          .err()
          .println(TextWish.speed(count, perSecond) + wish.ending(prompt, numerics, numericsId));
      return;
    }
    context
        .out()
        .println(
            Json.line(
                new GenerationReport(
                    count,
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
                    times.first < 0 ? null : Rounding.orNull(times.first / NANOS_PER_MILLI),
                    null,
                    prompt.tokens().length,
                    null,
                    SamplingReport.of(wish.sampling()),
                    TemplateOptions.written(prompt.time()),
                    wish.stopStrings(),
                    numerics,
                    TextWish.hex(numericsId),
                    target.model().name().isEmpty() ? name : target.model().name(),
                    null)));
    context.out().flush();
  }
}
