package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.PromptLookupDrafter;

/** Generations that draft by prompt lookup, of a text that has nothing of its prompt. */
@Timeout(60)
final class PromptLookupGenerationTest {
  private static final int NEW_TOKENS = 400;

  private ScriptedServer server;

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private GenerationStats run(DraftPolicy policy, int[] prompt) throws InterruptedException {
    try (SledClient client =
            SledClient.builder()
                .server("127.0.0.1", server.port())
                .draftPolicy(policy)
                .blockDrafters(ScriptedServer.FINGERPRINT, tokens -> new PromptLookupDrafter())
                .connect();
        Generation generation =
            client.start(
                GenerationRequest.of(prompt).withMaxTokens(NEW_TOKENS).withDraftTokens(4))) {
      int[] tokens = generation.remainingTokens();
      assertEquals(
          ScriptedText.stream(prompt, NEW_TOKENS, -1), IntStream.of(tokens).boxed().toList());
      return generation.stats();
    }
  }

  /** The server goes on alone, and is not asked for token after token. */
  @ParameterizedTest
  @EnumSource(DraftPolicy.class)
  void whereNothingRepeatsTheServerGoesOnAlone(DraftPolicy policy) throws Exception {
    GenerationStats stats = run(policy, new int[] {5, 6, 7, 8});
    assertTrue(stats.rounds() < 10, () -> stats.rounds() + " rounds"); // by accident
    assertTrue(server.pushes.get() < NEW_TOKENS / 2, () -> server.pushes.get() + " pushes");
  }

  /** A prompt that makes matches look sure; then they are wrong. */
  @ParameterizedTest
  @EnumSource(DraftPolicy.class)
  void wrongDraftsAreGivenUp(DraftPolicy policy) throws Exception {
    int[] prompt = IntStream.range(0, 500).map(i -> i % 5).toArray();
    GenerationStats stats = run(policy, prompt);
    assertTrue(stats.rounds() < 20, () -> stats.rounds() + " rounds");
    assertTrue(server.pushes.get() < NEW_TOKENS / 2, () -> server.pushes.get() + " pushes");
  }
}
