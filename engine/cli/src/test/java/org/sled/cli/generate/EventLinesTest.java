package org.sled.cli.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sled.cli.CliRun;
import org.sled.cli.command.ResultStream;
import org.sled.cli.files.ModelFiles;
import org.sled.device.StreamEvent;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.net.protocol.TokenIds;

/** The texts of all verified events are the text. */
final class EventLinesTest {
  private static String eventTexts(String text, int tokensLeftOut, String... stops)
      throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (Model tokenizer =
        Model.open(
            new ModelFiles(CliRun.HOME).find(ModelFiles.DEMO_TARGET),
            ModelParams.DEFAULT.withVocabularyOnly(true))) {
      int[] tokens = tokenizer.tokenize(text, false, false);
      EventLines lines = new EventLines(tokenizer, List.of(stops), new ResultStream(bytes));
      int[] fed = Arrays.copyOf(tokens, tokens.length - tokensLeftOut);
      for (int i = 0; i < fed.length; i++) {
        lines.on(new StreamEvent.Verified(i, TokenIds.of(fed[i])));
      }
      lines.end();
      StringBuilder all = new StringBuilder();
      int tokensSeen = 0;
      for (String line : bytes.toString(StandardCharsets.UTF_8).split("\n", -1)) {
        if (!line.isEmpty()) {
          JsonNode event = new ObjectMapper().readTree(line);
          assertEquals("verified", event.get("event").asText());
          assertEquals(tokensSeen, event.get("position").asInt());
          tokensSeen += event.get("token_ids").size();
          all.append(event.get("text").asText());
        }
      }
      assertEquals(fed.length, tokensSeen);
      assertEquals(lines.text(), all.toString());
      return all.toString();
    }
  }

  @Test
  void nothingThatWasHeldBackIsLost() throws Exception {
    // Might have become the stop string.
    assertEquals("Once upon a time", eventTexts("Once upon a time", 0, "time flies"));
    assertEquals("Once upon ", eventTexts("Once upon a time", 0, "a time"));
    // The last character is cut off.
    String cut = eventTexts("a fox \uD83E\uDD8A", 1);
    assertEquals("a fox ", cut.substring(0, 6));
    assertEquals('\uFFFD', cut.charAt(cut.length() - 1), cut);
  }
}
