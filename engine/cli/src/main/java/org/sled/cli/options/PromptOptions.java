package org.sled.cli.options;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.sled.bench.load.Utf8;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.files.ModelFiles;
import org.sled.device.text.Prompts;
import org.sled.jni.ChatMessage;
import org.sled.jni.ChatOptions;
import org.sled.jni.Model;
import org.sled.jni.Prompt;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What to say to the model, and how. */
public final class PromptOptions {
  /** Some ten million tokens; no context holds as many. */
  private static final int MAX_BYTES = 64 << 20;

  /** One of the ways to give a prompt. */
  static final class Source {
    @Option(
        names = {"-p", "--prompt"},
        paramLabel = "TEXT",
        description =
            "The prompt. Of a prompt, wherever it comes from, a byte order mark at its beginning"
                + " and one line break at its end are dropped, and CR LF is LF; it is UTF-8, or"
                + " refused.")
    private String text;

    @Option(
        names = "--prompt-file",
        paramLabel = "FILE",
        description = "A file that holds the prompt.")
    private Path file;

    @Option(
        names = "--messages",
        paramLabel = "FILE",
        description =
            "A conversation of any number of turns, as JSON:"
                + " [{\"role\": \"user\", \"content\": \"...\"}, ...].")
    private Path messages;

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
              + " written out, such as <|end|>; without --raw they are text in a prompt.")
  private boolean raw;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description =
          "Instructions for the conversation; where the chat template has no place for them, they"
              + " begin the first message.")
  private String system;

  @Mixin private TemplateOptions template;

  /**
   * Reads what is to be said.
   *
   * @throws CommandFailure if there is nothing, or options contradict each other
   */
  public PromptInput input(InputStream in) throws IOException {
    if (raw && (system != null || source.messages != null || template.areGiven())) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "--system, --messages, --template-args and --template-time need the chat template: leave"
              + " --raw out");
    }
    template.check();
    if (source.messages != null) {
      if (system != null) {
        throw new CommandFailure(
            ExitCodes.USAGE, "--system belongs into the file of --messages: give one of them");
      }
      return new PromptInput(
          null, MessagesFile.parse(text(source.messages), source.messages.toString()));
    }
    String text = text(in);
    if (raw) {
      return new PromptInput(text, null);
    }
    List<ChatMessage> messages = new ArrayList<>();
    if (system != null) {
      messages.add(new ChatMessage("system", system));
    }
    messages.add(new ChatMessage("user", text));
    return new PromptInput(null, messages);
  }

  /**
   * Reads the prompt.
   *
   * @throws CommandFailure if there is none
   */
  String text(InputStream in) throws IOException {
    String prompt = asMeant(read(in));
    if (prompt.isEmpty()) {
      throw new CommandFailure(ExitCodes.USAGE, "the prompt is empty");
    }
    return prompt;
  }

  /** The text as it was given. */
  private String read(InputStream in) throws IOException {
    if (source.text != null) {
      return source.text;
    }
    if (source.file != null) {
      return text(source.file);
    }
    if (source.stdin.equals("-")) {
      return text(in, "stdin");
    }
    throw new CommandFailure(
        ExitCodes.USAGE,
        ModelFiles.isModelName(source.stdin)
            ? "a model is named behind --model, the prompt behind --prompt"
            : "write the prompt behind --prompt, or '-' to read it from stdin");
  }

  private static String text(Path path) {
    if (!Files.isReadable(path)) {
      throw new CommandFailure("cannot read the prompt from " + path);
    }
    try (InputStream file = Files.newInputStream(path)) {
      return text(file, path.toString());
    } catch (IOException e) {
      throw new CommandFailure("cannot read the prompt from " + path + ": " + e);
    }
  }

  private static String text(InputStream in, String what) throws IOException {
    byte[] bytes = in.readNBytes(MAX_BYTES + 1);
    if (bytes.length > MAX_BYTES) {
      throw new CommandFailure(what + " has more than 64 MiB: that is no prompt");
    }
    try {
      return Utf8.text(bytes, what);
    } catch (IllegalArgumentException e) {
      throw new CommandFailure(e.getMessage());
    }
  }

  /**
   * The one rule for all texts, wherever they come from: without a byte order mark, with line
   * breaks as LF, and without the last one, which echo and editors put there.
   */
  private static String asMeant(String given) {
    String text = Utf8.withoutMark(given).replace("\r\n", "\n");
    return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
  }

  /**
   * The prompt, the same for a device and for the target alone.
   *
   * @param target the target's chat template, empty for none, and its begin and end tokens
   */
  public Prompt prompt(Model tokenizer, ChatOptions target, PromptInput input) {
    if (input.messages() == null) {
      return Prompts.raw(tokenizer, target.ends(), input.raw());
    }
    if (target.template().isEmpty()) {
      throw new CommandFailure("the target has no chat template: send it the raw text with --raw");
    }
    return Prompts.chat(tokenizer, template.added(target), input.messages());
  }

  /**
   * Checks that a prompt leaves room for an answer, before it is sent or computed.
   *
   * @param contextTokens of a session of the server, or of the target alone
   * @throws CommandFailure if it does not
   */
  public static void requireRoom(int promptTokens, int contextTokens) {
    if (promptTokens >= contextTokens) {
      throw new CommandFailure(
          ExitCodes.FAILED,
          CommandFailure.CONTEXT_FULL,
          String.format(
              Locale.ROOT,
              "the prompt has %d tokens, and the context of %d leaves no room for an answer:"
                  + " shorten the prompt, or have a larger context (--context, of 'sled serve' or"
                  + " with --local)",
              promptTokens,
              contextTokens));
    }
  }
}
