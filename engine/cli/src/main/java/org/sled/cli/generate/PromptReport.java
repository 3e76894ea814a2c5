package org.sled.cli.generate;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import java.util.stream.IntStream;
import org.sled.cli.command.Json;
import org.sled.cli.command.ResultStream;
import org.sled.cli.options.TemplateOptions;
import org.sled.jni.Model;
import org.sled.jni.Prompt;

/**
 * What {@code sled generate --show-prompt} prints.
 *
 * @param text the prompt as text
 * @param templateTime the date and time that stand in it, null for none
 * @param tokens what the model gets
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record PromptReport(String text, String templateTime, List<Token> tokens) {
  /**
   * One token.
   *
   * @param control whether it is a control token, no text
   */
  record Token(int id, boolean control, String text) {}

  static PromptReport of(Model tokenizer, Prompt prompt) {
    List<Token> tokens =
        IntStream.of(prompt.tokens())
            .mapToObj(id -> new Token(id, tokenizer.isControl(id), tokenizer.textOf(id)))
            .toList();
    return new PromptReport(prompt.text(), TemplateOptions.written(prompt.time()), tokens);
  }

  /** For people: the text, and a line for each token. */
  void print(ResultStream out) {
    out.println(text);
    out.println("");
    for (Token token : tokens) {
      out.println(
          token.id + "\t" + (token.control ? "control" : "text") + "\t" + Json.line(token.text));
    }
    out.check();
  }
}
