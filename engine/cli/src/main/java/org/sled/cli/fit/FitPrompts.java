package org.sled.cli.fit;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.sled.bench.fit.PromptKind;
import org.sled.bench.load.BenchRequest;
import org.sled.bench.load.PromptFile;
import org.sled.cli.command.CommandFailure;
import org.sled.jni.ChatMessage;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/**
 * What {@code sled fit} has the target say: the program's own prompts, one of each kind by turns,
 * or those of a file.
 *
 * @param requests in the order in which they are recorded; each one's prompt number is its place
 * @param kinds of each of them
 */
record FitPrompts(List<BenchRequest> requests, List<String> kinds) {
  private static final String OWN = "own prompts";

  /** Turns texts and conversations into the target's tokens. */
  interface Tokenizer {
    /** A text as it is. */
    int[] raw(String text);

    /** A conversation through the target's template. */
    int[] chat(List<ChatMessage> messages);
  }

  /**
   * Makes the requests.
   *
   * @param raw whether texts go without the template; conversations need one
   * @param most tokens of a prompt and its text, 0: no limit
   * @throws CommandFailure if a prompt cannot be used
   */
  static FitPrompts of(
      FitOptions options, boolean raw, Sampling sampling, Tokenizer tokenizer, int most)
      throws IOException {
    List<PromptFile.Prompt> prompts = new ArrayList<>();
    List<String> kinds = new ArrayList<>();
    if (options.prompts() != null) {
      for (PromptFile.Prompt prompt : PromptFile.read(options.prompts())) {
        prompts.add(prompt);
        kinds.add(prompt.kind() == null ? OWN : prompt.kind());
      }
    } else {
      List<PromptKind> all = PromptKind.all();
      int longest = all.stream().mapToInt(kind -> kind.prompts().size()).max().orElse(0);
      for (int i = 0; i < longest; i++) {
        for (PromptKind kind : all) {
          if (i < kind.prompts().size()) {
            prompts.add(PromptFile.Prompt.ofText(kind.prompts().get(i), kind.name()));
            kinds.add(kind.name());
          }
        }
      }
    }
    List<BenchRequest> requests = new ArrayList<>();
    for (PromptFile.Prompt prompt : prompts) {
      int number = requests.size();
      int[] tokens = tokens(prompt, raw, tokenizer);
      if (tokens.length == 0 || (most > 0 && tokens.length >= most)) {
        throw new CommandFailure(
            String.format(
                "prompt %d has %d tokens, and the target takes 1 to %d: leave it out",
                number + 1, tokens.length, most - 1));
      }
      int limit = options.maxTokens();
      requests.add(
          new BenchRequest(
              0,
              number,
              TokenIds.of(tokens),
              prompt.maxTokens() == 0 ? limit : Math.min(prompt.maxTokens(), limit),
              false,
              sampling.withSeed(sampling.seed() + number)));
    }
    return new FitPrompts(List.copyOf(requests), List.copyOf(kinds));
  }

  private static int[] tokens(PromptFile.Prompt prompt, boolean raw, Tokenizer tokenizer) {
    if (prompt.tokens() != null) {
      return prompt.tokens();
    }
    if (prompt.messages() != null) {
      if (raw) {
        throw new CommandFailure(
            "the prompts have conversations, which need a chat template: leave --raw out, and use"
                + " a target that has one");
      }
      return tokenizer.chat(prompt.messages());
    }
    return raw
        ? tokenizer.raw(prompt.text())
        : tokenizer.chat(List.of(new ChatMessage("user", prompt.text())));
  }

  /** Kinds without repetition, in order. */
  Set<String> distinctKinds() {
    return new LinkedHashSet<>(kinds);
  }

  /** Tokens of the longest prompt with its text. */
  int longest() {
    return requests.stream()
        .mapToInt(request -> request.prompt().count() + request.maxTokens())
        .max()
        .orElse(0);
  }
}
