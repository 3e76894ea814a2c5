package org.sled.device.text;

import java.util.List;
import org.sled.jni.ChatMessage;
import org.sled.jni.ChatOptions;
import org.sled.jni.Model;
import org.sled.jni.Prompt;
import org.sled.jni.PromptEnds;

/**
 * Text to prompt tokens, the one way for all who must agree on it: a device, and whoever compares
 * with the target alone. Any thread.
 */
public final class Prompts {
  private Prompts() {}

  /**
   * Plain text: BOS and the like are added where the model wants them, and control tokens may be
   * written out, such as {@code <|end|>}.
   */
  public static int[] raw(Model tokenizer, String text) {
    return raw(tokenizer, null, text).tokens();
  }

  /**
   * Plain text, for a model that may want other tokens around it than the tokenizer's.
   *
   * @param ends what it wants; null for what the tokenizer's model wants
   */
  public static Prompt raw(Model tokenizer, PromptEnds ends, String text) {
    int[] tokens =
        ends == null
            ? tokenizer.tokenize(text, true, true)
            : ends.around(tokenizer.tokenize(text, false, true));
    return new Prompt(text, tokens, null);
  }

  /**
   * A conversation, up to where the assistant goes on.
   *
   * @param template Jinja source; "" for the tokenizer's own
   * @throws org.sled.jni.SledException if there is none, or it refuses the messages
   */
  public static int[] chat(Model tokenizer, String template, List<ChatMessage> messages) {
    return chat(tokenizer, ChatOptions.DEFAULT.withTemplate(template), messages).tokens();
  }

  /**
   * A conversation, up to where the assistant goes on. Control tokens come from the template alone.
   *
   * @throws org.sled.jni.SledException if there is no template, or it refuses the messages
   */
  public static Prompt chat(Model tokenizer, ChatOptions options, List<ChatMessage> messages) {
    return tokenizer.renderChat(messages, options);
  }
}
