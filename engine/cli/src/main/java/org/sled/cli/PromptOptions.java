package org.sled.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.sled.device.Prompts;
import org.sled.jni.ChatMessage;
import org.sled.jni.Model;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What to say to the model, and how. */
final class PromptOptions {
  /** One of the ways to give a prompt. */
  static final class Source {
    @Option(
        names = {"-p", "--prompt"},
        paramLabel = "TEXT",
        description = "The prompt.")
    private String text;

    @Option(
        names = "--prompt-file",
        paramLabel = "FILE",
        description = "A file that holds the prompt, UTF-8.")
    private Path file;

    @Parameters(
        index = "0",
        arity = "0..1",
        paramLabel = "-",
        description = "A single '-': read the prompt from stdin.")
    private String stdin;
  }

  @ArgGroup(multiplicity = "1")
  private Source source;

  @Option(
      names = "--raw",
      description =
          "Give the prompt to the model as it is, without the chat template. Control tokens may be"
              + " written out, such as <|end|>.")
  private boolean raw;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "Instructions for the conversation, where the chat template takes them.")
  private String system;

  /**
   * Reads the prompt.
   *
   * @throws CommandFailure if there is none, or options contradict each other
   */
  String text(InputStream in) throws IOException {
    if (raw && system != null) {
      throw new CommandFailure(
          ExitCodes.USAGE, "--system needs the chat template: leave --raw out");
    }
    String prompt;
    if (source.text != null) {
      prompt = source.text;
    } else if (source.file != null) {
      if (!Files.isReadable(source.file)) {
        throw new CommandFailure("cannot read the prompt from " + source.file);
      }
      try {
        prompt = Files.readString(source.file, StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new CommandFailure(
            ExitCodes.FAILED,
            "cannot read the prompt from "
                + source.file
                + ": "
                + e
                + "; give a text file in UTF-8");
      }
    } else if (source.stdin.equals("-")) {
      prompt = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      // The line break that echo and editors put at the end is not part of what is meant.
      prompt = prompt.endsWith("\n") ? prompt.substring(0, prompt.length() - 1) : prompt;
    } else {
      throw new CommandFailure(
          ExitCodes.USAGE, "write the prompt behind --prompt, or '-' to read it from stdin");
    }
    if (prompt.isEmpty()) {
      throw new CommandFailure(ExitCodes.USAGE, "the prompt is empty");
    }
    return prompt;
  }

  /**
   * The prompt's tokens, the same for a device and for the target alone.
   *
   * @param template the target's chat template
   */
  int[] tokens(Model tokenizer, String template, String text) {
    if (raw) {
      return Prompts.raw(tokenizer, text);
    }
    if (template.isEmpty()) {
      throw new CommandFailure("the target has no chat template: send it the raw text with --raw");
    }
    List<ChatMessage> messages = new ArrayList<>();
    if (system != null) {
      messages.add(new ChatMessage("system", system));
    }
    messages.add(new ChatMessage("user", text));
    return Prompts.chat(tokenizer, template, messages);
  }
}
