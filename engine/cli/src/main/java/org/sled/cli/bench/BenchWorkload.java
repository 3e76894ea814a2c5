package org.sled.cli.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.sled.bench.load.BenchRequest;
import org.sled.bench.load.PromptFile;
import org.sled.bench.load.Workload;
import org.sled.bench.trace.DraftTrace;
import org.sled.cli.bench.options.BenchLoadOptions;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.texts.DemoPrompts;
import org.sled.device.SledClient;
import org.sled.jni.ChatMessage;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/** What all runs of a bench ask for: the requests of a trace, or prompts. One thread. */
final class BenchWorkload {
  private static final int DEFAULT_MAX_TOKENS = 128;

  private final BenchLoadOptions load;
  private final DraftTrace trace; // null for prompts
  private final Sampling sampling;
  private Workload workload; // null before the first run

  BenchWorkload(BenchLoadOptions load, DraftTrace trace, Sampling sampling) {
    this.load = load;
    this.trace = trace;
    this.sampling = sampling;
  }

  /**
   * The requests, which are made once.
   *
   * @param client has the target's tokenizer and chat template
   * @throws CommandFailure if there are texts for a chat, and no template
   */
  Workload requests(SledClient client) throws IOException {
    if (workload == null) {
      workload = trace == null ? prompts(client) : load.requests(trace);
    }
    return workload;
  }

  /** New tokens of a request at most; null where the trace says it. */
  Integer maxTokens() {
    if (load.maxTokens() == null && trace == null) {
      return DEFAULT_MAX_TOKENS;
    }
    return load.maxTokens();
  }

  private Workload prompts(SledClient client) throws IOException {
    List<PromptFile.Prompt> prompts = new ArrayList<>();
    if (load.prompts() != null) {
      prompts.addAll(PromptFile.read(load.prompts()));
    } else {
      for (int i = 0; i < DemoPrompts.count(); i++) {
        prompts.add(PromptFile.Prompt.ofText(DemoPrompts.get(i), null));
      }
    }
    List<BenchRequest> requests = new ArrayList<>();
    for (PromptFile.Prompt prompt : prompts) {
      int number = requests.size();
      requests.add(
          new BenchRequest(
              0,
              number,
              TokenIds.of(tokens(prompt, client)),
              maxTokens(prompt),
              load.ignoreEnd(),
              // Another text for each prompt, the same one each time that it comes round.
              sampling.withSeed(sampling.seed() + number)));
    }
    return new Workload(requests);
  }

  /** A prompt's own limit stands; --max-tokens bounds it where it was given. */
  private int maxTokens(PromptFile.Prompt prompt) {
    if (prompt.maxTokens() == 0) {
      return maxTokens();
    }
    Integer most = load.maxTokens();
    return most == null ? prompt.maxTokens() : Math.min(prompt.maxTokens(), most);
  }

  private int[] tokens(PromptFile.Prompt prompt, SledClient client) {
    if (prompt.tokens() != null) {
      return prompt.tokens();
    }
    if (load.raw() && prompt.text() != null) {
      return client.tokenize(prompt.text());
    }
    if (client.server().chatTemplate().isEmpty()) {
      throw new CommandFailure("the target has no chat template: send it raw texts with --raw");
    }
    List<ChatMessage> messages =
        prompt.messages() == null
            ? List.of(new ChatMessage("user", prompt.text()))
            : prompt.messages();
    return client.tokenizeChat(messages);
  }
}
