package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.device.draft.DraftPolicy;

/** A generation ends with the token that completes a stop string, however its tokens came. */
final class StopStringTest {
  private static final int[] PROMPT = {5, 6, 7, 8};
  private static final int NEW_TOKENS = 200;
  private static final List<Integer> STREAM = ScriptedText.stream(PROMPT, NEW_TOKENS, -1);

  /** Tokens up to the stop string's end: at every place of a block, and at the very end. */
  private static final int[] COUNTS = {1, 2, 3, 5, 20, 21, 22, 23, 24, 90, NEW_TOKENS};

  private ScriptedServer server;

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** One to two letters of three, so that stop strings lie across tokens and nearly come often. */
  private static String text(int token) {
    String letters =
        Integer.toString(token, 3).replace('0', 'a').replace('1', 'b').replace('2', 'c');
    return letters.substring(Math.max(0, letters.length() - 1 - token % 2));
  }

  private static String text(List<Integer> tokens) {
    return tokens.stream().map(StopStringTest::text).collect(Collectors.joining());
  }

  private SledClient connect() throws InterruptedException {
    return SledClient.builder()
        .draftPolicy(DraftPolicy.FIXED)
        .server("127.0.0.1", server.port())
        .drafter(ScriptedServer.FINGERPRINT, c -> new ScriptedDrafter(1, 80, -1, c))
        .detokenizer(() -> StopStringTest::text)
        .connect();
  }

  private static GenerationRequest request(int maxTokens, int draftTokens, String... stops) {
    return GenerationRequest.of(PROMPT)
        .withMaxTokens(maxTokens)
        .withDraftTokens(draftTokens)
        .withStopStrings(List.of(stops));
  }

  /** So many tokens have come when this text is complete. */
  private static int tokensUpTo(String stop) {
    return IntStream.rangeClosed(1, NEW_TOKENS)
        .filter(count -> text(STREAM.subList(0, count)).contains(stop))
        .findFirst()
        .orElseThrow();
  }

  /** A text that is new where it is complete after so many tokens, and begins before the last. */
  private static String stopAt(int count) {
    String text = text(STREAM.subList(0, count));
    for (int from = text.length() - 2; from >= 0; from--) {
      String stop = text.substring(from);
      if (tokensUpTo(stop) == count) {
        return stop;
      }
    }
    throw new AssertionError("no text ends at token " + count);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 7, 16})
  void theStreamEndsWithTheTokenThatCompletesIt(int draftTokens) throws Exception {
    try (SledClient client = connect()) {
      for (int count : COUNTS) {
        String stop = count == 1 ? text(STREAM.subList(0, 1)) : stopAt(count);
        try (Generation generation =
            client.start(request(NEW_TOKENS, draftTokens, stop, "never this"))) {
          List<Integer> tokens = IntStream.of(generation.remainingTokens()).boxed().toList();
          assertEquals(STREAM.subList(0, count), tokens, "stop " + stop);
          assertEquals(GenerationEnd.STOP_STRING, generation.end());
          assertEquals("stop", generation.end().word());
          assertEquals(count, generation.stats().tokens());
        }
      }
      for (int i = 0; i < 500 && server.closes.get() < COUNTS.length; i++) {
        Thread.sleep(10); // CLOSE is not waited for
      }
      assertEquals(COUNTS.length, server.closes.get());
    }
  }

  @Test
  void nothingChangesWhereNoneComes() throws Exception {
    try (SledClient client = connect()) {
      for (int draftTokens : new int[] {0, 4}) {
        try (Generation generation = client.start(request(50, draftTokens, "never this"))) {
          List<Integer> tokens = IntStream.of(generation.remainingTokens()).boxed().toList();
          assertEquals(STREAM.subList(0, 50), tokens);
          assertEquals(GenerationEnd.LENGTH, generation.end());
        }
      }
    }
  }

  @Test
  void eachGenerationLooksAnew() throws Exception {
    String stop = stopAt(30);
    try (SledClient client = connect()) {
      // The first ends amid the stop string, which must not count for the second.
      try (Generation generation = client.start(request(29, 4, stop))) {
        assertEquals(29, generation.remainingTokens().length);
        assertEquals(GenerationEnd.LENGTH, generation.end());
      }
      try (Generation generation = client.start(request(100, 4, stop))) {
        assertEquals(30, generation.remainingTokens().length);
        assertEquals(GenerationEnd.STOP_STRING, generation.end());
      }
    }
  }

  @Test
  void withoutATokenizerTheyCannotBeFound() throws Exception {
    try (SledClient client = SledClient.builder().server("127.0.0.1", server.port()).connect()) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> client.start(request(10, 0, "a")));
      assertTrue(e.getMessage().contains("need a tokenizer"), e::getMessage);
    }
  }
}
