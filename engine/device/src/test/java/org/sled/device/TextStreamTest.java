package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.text.TextDecoder;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;

/** Text instead of token ids: all of it, in whole characters, up to a stop string. */
final class TextStreamTest {
  private static final int[] PROMPT = {5, 6, 7, 8};
  private static final int TOKENS = 40;
  private static final String TEXT = text(TOKENS);

  private ScriptedServer server;
  private SledClient client;

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
    client = builder().detokenizer(() -> TextStreamTest::word).connect();
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private SledClient.Builder builder() {
    return SledClient.builder()
        .draftPolicy(DraftPolicy.FIXED)
        .outage(Outage.FAIL)
        .server("127.0.0.1", server.port())
        .drafter(ScriptedServer.FINGERPRINT, c -> new ScriptedDrafter(1, 70, -1, c));
  }

  private static GenerationRequest request(String... stops) {
    return GenerationRequest.of(PROMPT)
        .withMaxTokens(TOKENS)
        .withDraftTokens(4)
        .withStopStrings(List.of(stops));
  }

  /** Every third token is only the beginning of a character. */
  private static String word(int token) {
    return token % 3 == 0 ? "" : "<" + token + ">";
  }

  private static String text(int tokens) {
    return ScriptedText.stream(PROMPT, tokens, -1).stream()
        .map(TextStreamTest::word)
        .collect(Collectors.joining());
  }

  @Test
  void piecesMakeTheText() throws Exception {
    try (Generation generation = client.start(request())) {
      TextStream text = generation.text();
      assertSame(text, generation.text());
      StringBuilder all = new StringBuilder();
      for (String piece : text) {
        assertFalse(piece.isEmpty());
        all.append(piece);
      }
      assertEquals(TEXT, all.toString());
      assertNull(text.next());
      assertEquals("", text.remaining());
      Iterator<String> none = text.iterator();
      assertFalse(none.hasNext());
      assertThrows(NoSuchElementException.class, none::next);
    }
  }

  @Test
  void whatWasReadIsNotReadAgain() throws Exception {
    try (Generation generation = client.start(request())) {
      String first = generation.text().next();
      assertEquals(TEXT, first + generation.text().remaining());
    }
  }

  @Test
  void theTextEndsBeforeAStopString() throws Exception {
    // Across tokens, so that its beginning is held back.
    String stop = TEXT.substring(TEXT.length() / 2, TEXT.length() / 2 + 8);
    try (Generation generation = client.start(request(stop))) {
      assertEquals(TEXT.substring(0, TEXT.indexOf(stop)), generation.text().remaining());
      assertEquals(GenerationEnd.STOP_STRING, generation.end());
    }
  }

  @Test
  void theBeginningOfAStopStringThatDoesNotComeIsText() throws Exception {
    String end = TEXT.substring(TEXT.length() - 3);
    try (Generation generation = client.start(request(end + "never"))) {
      assertEquals(TEXT, generation.text().remaining());
      assertEquals(GenerationEnd.LENGTH, generation.end());
    }
  }

  @Test
  void aFailureComesAfterAllTextBeforeIt() throws Exception {
    server.mischief =
        (self, connection, session, block) -> {
          if (session.blocks == 3) {
            connection.close("scripted");
          }
          return session.blocks == 3;
        };
    // Everything might be the beginning of this one.
    String stop = TEXT + "never";
    try (Generation generation = client.start(request(stop))) {
      String held = generation.text().next();
      assertEquals(text(generation.stats().tokens()), held);
      for (int i = 0; i < 2; i++) {
        assertThrows(ConnectionLostException.class, generation.text()::next);
      }
    }
  }

  @Test
  void anInterruptCancelsTheIteration() {
    server.mischief = (self, connection, session, block) -> true; // never answers a block
    try (Generation generation = client.start(request("<never>"))) {
      Thread.currentThread().interrupt();
      Iterator<String> pieces = generation.text().iterator();
      assertThrows(
          SledClientException.class,
          () -> {
            while (pieces.hasNext()) {
              pieces.next();
            }
          });
      assertTrue(Thread.interrupted());
    }
  }

  @Test
  void aPublisherGivesThePieces() throws Exception {
    try (Generation generation = client.start(request())) {
      RecordingSubscriber<String> all = new RecordingSubscriber<>(Long.MAX_VALUE);
      generation.text().publisher().subscribe(all);
      assertNull(all.awaitEnd());
      assertEquals(TEXT, String.join("", all.items()));
    }
  }

  @Test
  void withoutATokenizerThereIsNoText() throws Exception {
    try (SledClient mute = builder().connect();
        Generation generation = mute.start(request())) {
      IllegalStateException e = assertThrows(IllegalStateException.class, generation::text);
      assertTrue(e.getMessage().contains("no draft model"), e::getMessage);
    }
  }

  @Test
  void aDecoderPutsCharactersTogether() {
    Path draft = Path.of(System.getProperty("sled.home"), "models", "demo-draft.gguf");
    try (Model model = Model.open(draft, ModelParams.DEFAULT.withVocabularyOnly(true))) {
      int[] tokens = model.tokenize("Grüße, 你好 🦊!");
      TextDecoder whole = new TextDecoder(model, List.of("never this"));
      StringBuilder text = new StringBuilder();
      for (int token : tokens) {
        text.append(whole.feed(token));
      }
      assertEquals("Grüße, 你好 🦊!", text + whole.flush());
      TextDecoder cut = new TextDecoder(model, List.of("好", "🦊"));
      text.setLength(0);
      for (int token : tokens) {
        text.append(cut.feed(token));
      }
      assertEquals("Grüße, 你", text + cut.flush());
    }
  }
}
