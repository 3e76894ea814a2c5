package org.sled.server.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sled.jni.ChatMessage;
import org.sled.jni.ChatOptions;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.SledException;
import org.sled.net.protocol.Limits;

class SentTemplateTest {
  @Test
  void whatFitsIsSentAsItIs() {
    assertEquals("", SentTemplate.of(""));
    String longest = "x".repeat(Limits.CHAT_TEMPLATE_BYTES);
    assertEquals(longest, SentTemplate.of(longest));
  }

  @Test
  void oneThatIsTooLongSaysSoOnTheDevice() {
    String sent = SentTemplate.of("é".repeat(Limits.CHAT_TEMPLATE_BYTES / 2) + "x");
    try (Model tokenizer = tokenizer()) {
      SledException refusal =
          assertThrows(
              SledException.class,
              () ->
                  tokenizer.renderChat(
                      List.of(new ChatMessage("user", "hi")),
                      ChatOptions.DEFAULT.withTemplate(sent)));
      String text = refusal.getMessage();
      assertTrue(
          text.contains(
              "the chat template of the target has 65537 bytes, and a server can send 65536"),
          text);
    }
  }

  private static Model tokenizer() {
    Path model = Path.of(System.getProperty("sled.home"), "models", "demo-draft.gguf");
    return Model.open(model, ModelParams.DEFAULT.withVocabularyOnly(true));
  }
}
