package org.sled.cli;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import org.sled.device.GenerationEnd;
import org.sled.device.GenerationRequest;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.Numerics;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/**
 * What {@code sled generate} is asked for, whoever generates.
 *
 * @param text the prompt
 * @param prompt how it becomes tokens
 * @param numerics null for whatever is usual
 * @param modelParams how the model here is opened
 * @param form what stdout gets
 */
record TextWish(
    String text,
    PromptOptions prompt,
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
   * The prompt's tokens.
   *
   * @param template the target's chat template
   * @param contextTokens of whoever generates
   * @throws CommandFailure if they leave no room for an answer
   */
  int[] tokens(Model tokenizer, String template, int contextTokens) {
    int[] tokens = prompt.tokens(tokenizer, template, text);
    PromptOptions.requireRoom(tokens.length, contextTokens);
    return tokens;
  }

  /** The request that has them. */
  GenerationRequest request(Model tokenizer, int... tokens) {
    SamplingOptions.check(sampling, tokenizer);
    return new GenerationRequest(
        TokenIds.of(tokens), maxTokens, draftTokens, ignoreEnd, sampling, stopStrings);
  }

  /** Whether the result is for a program. */
  boolean isReported() {
    return form != Form.TEXT;
  }

  /** Where the text goes as it comes; null to only keep it. */
  ResultStream textOut(Surroundings surroundings) {
    return isReported() ? null : surroundings.out();
  }

  /** Says why a text ended that could have gone on. */
  static void sayFull(GenerationEnd end, int contextTokens, PrintStream err) {
    if (end == GenerationEnd.CONTEXT) {
      err.printf(
          Locale.ROOT, "the text ends here: the context of %d tokens is full%n", contextTokens);
    }
  }

  /** How much there is and how fast it came, for people. */
  static String speed(int tokens, double perSecond) {
    return Double.isFinite(perSecond)
        ? String.format(Locale.ROOT, "%d tokens, %.1f tokens/s", tokens, perSecond)
        : tokens + " tokens";
  }

  /** The end of that line. */
  String ending(String numericsWord, long numericsId) {
    return SamplingReport.words(sampling) + ", " + numericsWord + " numerics " + hex(numericsId);
  }

  /** An id as reports have it. */
  static String hex(long numericsId) {
    return String.format("%016x", numericsId);
  }
}
