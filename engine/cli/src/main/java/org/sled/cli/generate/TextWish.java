package org.sled.cli.generate;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.Json;
import org.sled.cli.command.ResultStream;
import org.sled.cli.options.PromptInput;
import org.sled.cli.options.PromptOptions;
import org.sled.cli.options.SamplingOptions;
import org.sled.cli.options.SamplingReport;
import org.sled.cli.options.StopOptions;
import org.sled.cli.options.TemplateOptions;
import org.sled.device.GenerationEnd;
import org.sled.device.GenerationRequest;
import org.sled.jni.ChatOptions;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.Numerics;
import org.sled.jni.Prompt;
import org.sled.jni.PromptEnds;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/**
 * What {@code sled generate} is asked for, whoever generates.
 *
 * @param input what is said
 * @param promptOptions how it becomes a prompt
 * @param showsPrompt whether that is all that is wanted
 * @param numerics null for whatever is usual
 * @param modelParams how the model here is opened
 * @param form what stdout gets
 */
public record TextWish(
    PromptInput input,
    PromptOptions promptOptions,
    boolean showsPrompt,
    int maxTokens,
    int draftTokens,
    boolean ignoreEnd,
    Sampling sampling,
    List<String> stopStrings,
    Numerics numerics,
    ModelParams modelParams,
    Form form) {
  /** What stdout gets. */
  enum Form {
    /** The text as it comes. */
    TEXT,
    /** One line of JSON. */
    JSON,
    /** A line of JSON for each event, and that one. */
    EVENTS
  }

  /**
   * The prompt.
   *
   * @param target the target's chat template, empty for none, and its begin and end tokens
   * @param contextTokens of whoever generates
   * @param err is told what is unusual
   * @throws CommandFailure if it leaves no room for an answer
   */
  Prompt prompt(Model tokenizer, ChatOptions target, int contextTokens, PrintStream err) {
    Prompt prompt = promptOptions.prompt(tokenizer, target, input);
    if (!showsPrompt) {
      PromptOptions.requireRoom(prompt.tokens().length, contextTokens);
    }
    PromptEnds ends = target.ends() == null ? PromptEnds.of(tokenizer) : target.ends();
    if (ends.areTwiceBefore(prompt.tokens())) {
      err.println(
          "the prompt begins with "
              + tokenizer.textOf(ends.beginToken())
              + " twice, since it is written out and added as well: leave it out of the text");
    }
    return prompt;
  }

  /** Prints the prompt, for --show-prompt. */
  void show(Model tokenizer, Prompt prompt, ResultStream out) {
    PromptReport report = PromptReport.of(tokenizer, prompt);
    if (isReported()) {
      out.println(Json.line(report));
      out.flush();
    } else {
      report.print(out);
    }
  }

  /** The request that has them. */
  GenerationRequest request(Model tokenizer, int... tokens) {
    SamplingOptions.check(sampling, tokenizer);
    StopOptions.check(stopStrings, tokenizer);
    return new GenerationRequest(
        TokenIds.of(tokens), maxTokens, draftTokens, ignoreEnd, sampling, stopStrings);
  }

  /** Whether the result is for a program. */
  boolean isReported() {
    return form != Form.TEXT;
  }

  /** Where the text goes as it comes; null to only keep it. */
  ResultStream textOut(CommandContext context) {
    return isReported() ? null : context.out();
  }

  /** Says why a text ended that could have gone on. */
  static void sayFull(GenerationEnd end, int contextTokens, PrintStream err) {
    if (end == GenerationEnd.CONTEXT) {
      err.printf(
          Locale.ROOT, "the text ends here: the context of %d tokens is full%n", contextTokens);
    }
  }

  /** How much there is and how fast it came, for people. */
  public static String speed(int tokens, double perSecond) {
    return Double.isFinite(perSecond)
        ? String.format(Locale.ROOT, "%d tokens, %.1f tokens/s", tokens, perSecond)
        : tokens + " tokens";
  }

  /** The end of that line. */
  String ending(Prompt prompt, String numericsWord, long numericsId) {
    String time = TemplateOptions.written(prompt.time());
    return SamplingReport.words(sampling)
        + (time == null ? "" : ", template time " + time)
        + ", "
        + numericsWord
        + " numerics "
        + hex(numericsId);
  }

  /** An id as reports have it. */
  static String hex(long numericsId) {
    return String.format("%016x", numericsId);
  }
}
