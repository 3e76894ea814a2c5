package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * One client with hundreds of generations. When its server starts again, all of them send a RESUME
 * at once, and all are told at once to send their tokens.
 */
@Timeout(300)
final class ManyGenerationsTest {
  private static final int GENERATIONS = 600;
  private static final int[] PROMPT = {5, 6, 7, 8};
  private static final int TOKENS = 40;

  @Test
  void allComeBackWhenTheServerStartsAgain() throws Exception {
    ScriptedServer server = new ScriptedServer();
    server.maxSessions = GENERATIONS;
    server.pushDies = true; // all but one get their first token and wait
    int port = server.port();
    List<Integer> expected = ScriptedText.stream(PROMPT, TOKENS, -1);
    ScriptedServer again = null;
    try (SledClient client =
        SledClient.builder()
            .server("127.0.0.1", port)
            .drafter(ScriptedServer.FINGERPRINT, c -> new ScriptedDrafter(1, 80, -1, c))
            .connect()) {
      List<Generation> generations = new ArrayList<>();
      for (int i = 0; i < GENERATIONS; i++) {
        generations.add(
            client.start(GenerationRequest.of(PROMPT).withMaxTokens(TOKENS).withDraftTokens(0)));
      }
      while (server.pushes.get() < GENERATIONS) {
        Thread.sleep(5);
      }
      server.close();
      again = new ScriptedServer(port, GENERATIONS);
      for (Generation generation : generations) {
        int[] tokens = generation.remainingTokens();
        assertEquals(expected, IntStream.of(tokens).boxed().toList());
        generation.close();
      }
      assertEquals(1, again.connections(), "nobody was closed for what all sent at once");
      assertTrue(again.resumes.get() >= GENERATIONS - 1, "one may have been done");
    } finally {
      server.close();
      if (again != null) {
        again.close();
      }
    }
  }
}
