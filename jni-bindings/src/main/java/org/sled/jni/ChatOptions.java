package org.sled.jni;

import java.time.LocalDateTime;

/**
 * How a conversation becomes a prompt.
 *
 * @param template Jinja source; empty for the model's own
 * @param arguments a JSON object with variables for the template, such as {@code
 *     {"enable_thinking": false}}; empty for none, where {@code enable_thinking} is true
 * @param ends of the model that the prompt is for; null for those of the tokenizer's model
 * @param time the date and time that the template sees; null for now
 */
public record ChatOptions(String template, String arguments, PromptEnds ends, LocalDateTime time) {
  /** The model's own template, without arguments, now. */
  public static final ChatOptions DEFAULT = new ChatOptions("", "", null, null);

  /** A copy with another {@link #template}. */
  public ChatOptions withTemplate(String value) {
    return new ChatOptions(value, arguments, ends, time);
  }

  /** A copy with other {@link #arguments}. */
  public ChatOptions withArguments(String value) {
    return new ChatOptions(template, value, ends, time);
  }

  /** A copy with other {@link #ends}. */
  public ChatOptions withEnds(PromptEnds value) {
    return new ChatOptions(template, arguments, value, time);
  }

  /** A copy with another {@link #time}. */
  public ChatOptions withTime(LocalDateTime value) {
    return new ChatOptions(template, arguments, ends, value);
  }
}
