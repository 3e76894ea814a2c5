package org.sled.device;

import java.util.List;
import org.sled.jni.ChatMessage;
import org.sled.jni.Model;

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
    return tokenizer.tokenize(text, true, true);
  }

  /**
   * A conversation, up to where the assistant goes on.
   *
   * @param template Jinja source; "" for the tokenizer's own
   * @throws org.sled.jni.SledException if there is none, or it refuses the messages
   */
  public static int[] chat(Model tokenizer, String template, List<ChatMessage> messages) {
    Model.Prompt prompt = tokenizer.renderChat(messages, template);
    return tokenizer.tokenize(prompt.text(), !prompt.hasBos(), true);
  }
}
