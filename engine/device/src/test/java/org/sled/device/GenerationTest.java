package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.Drafting;
import org.sled.device.text.Seeds;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenBias;
import org.sled.net.protocol.VerdictStatus;
import org.sled.net.protocol.Welcome;

/** Whatever is drafted, and however the server is asked: the text is the target's. */
final class GenerationTest {
  private static final int[] PROMPT = {5, 6, 7, 8};
  private static final long SEED = 42;

  private ScriptedServer server;
  private ScriptedDrafter drafter;

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
    drafter = new ScriptedDrafter(SEED, 70, -1, 4096);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private SledClient connect() throws InterruptedException {
    return connect(DraftPolicy.FIXED);
  }

  private SledClient connect(DraftPolicy policy) throws InterruptedException {
    return SledClient.builder()
        .draftPolicy(policy)
        .server("127.0.0.1", server.port())
        .drafter(ScriptedServer.FINGERPRINT, contextTokens -> drafter)
        .connect();
  }

  private static GenerationRequest request(int maxTokens, int draftTokens) {
    return GenerationRequest.of(PROMPT).withMaxTokens(maxTokens).withDraftTokens(draftTokens);
  }

  private static List<Integer> list(int[] tokens) {
    return IntStream.of(tokens).boxed().toList();
  }

  /** Runs one generation, checks its text, and returns how it went. */
  private GenerationStats run(GenerationRequest request, int newTokens, GenerationEnd end)
      throws InterruptedException {
    try (SledClient client = connect();
        Generation generation = client.start(request)) {
      List<Integer> tokens = list(generation.remainingTokens());
      int[] prompt = request.prompt().toArray();
      assertEquals(ScriptedText.stream(prompt, newTokens, server.endAt), tokens);
      assertEquals(end, generation.end());
      GenerationStats stats = generation.stats();
      assertEquals(tokens.size(), stats.tokens());
      assertTrue(stats.timeToFirstTokenNanos() > 0);
      assertTrue(stats.elapsedNanos() >= stats.timeToFirstTokenNanos());
      return stats;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
  void everyBlockLengthGivesTheTargetsText(int draftTokens) throws Exception {
    GenerationStats stats = run(request(200, draftTokens), 200, GenerationEnd.LENGTH);
    if (draftTokens == 0) {
      assertEquals(0, stats.rounds());
      assertTrue(server.pushes.get() > 1, "credit comes in pieces");
      return;
    }
    assertEquals(0, server.pushes.get() > 1 ? 1 : 0, "only the very last token may be pushed");
    assertEquals(server.blocks.get(), stats.rounds());
    assertEquals(server.drafts.get(), stats.drafted());
    assertEquals(stats.rounds(), stats.roundMicros().getTotalCount());
    // First token, then each round its accepted drafts and one more, then perhaps a pushed one.
    assertEquals(200, 1 + stats.rounds() + stats.accepted() + server.pushes.get());
    assertEquals(draftTokens, stats.acceptancePerPosition().size());
    assertEquals(0.7, stats.acceptancePerPosition().get(0), 0.25);
  }

  @Test
  void aPerfectDraftNeverDecodesATokenTwice() throws Exception {
    drafter = new ScriptedDrafter(SEED, 100, -1, 4096);
    GenerationStats stats = run(request(101, 4), 101, GenerationEnd.LENGTH);
    assertEquals(stats.drafted(), stats.accepted());
    assertEquals(20, stats.rounds());
    assertEquals(1.0, stats.acceptedShare());
    // Prompt and text but for its end: the server's own tokens are guessed, and what is due where
    // the guess was not there in time is caught up in one call.
    assertEquals(PROMPT.length + 99, drafter.decoded);
    assertTrue(drafter.calls <= 2 + 99, "calls " + drafter.calls);
  }

  @Test
  void aUselessDraftRollsBackAndGoesOn() throws Exception {
    drafter = new ScriptedDrafter(SEED, 0, -1, 4096);
    GenerationStats stats = run(request(50, 6), 50, GenerationEnd.LENGTH);
    assertEquals(0, stats.accepted());
    assertEquals(0.0, stats.acceptancePerPosition().get(0));
    assertTrue(Double.isNaN(stats.acceptancePerPosition().get(1)));
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 6, 7, 20, 21, 22, 23, 24})
  void endsWhereTheTargetEnds(int endAt) throws Exception {
    server.endAt = endAt;
    drafter = new ScriptedDrafter(SEED, 90, endAt, 4096);
    for (int draftTokens : new int[] {0, 1, 4, 16}) {
      run(request(100, draftTokens), 100, GenerationEnd.STOP);
    }
  }

  @Test
  void ignoresTheEndWhereAsked() throws Exception {
    server.endAt = 10;
    try (SledClient client = connect();
        Generation generation = client.start(request(30, 4).withIgnoreEnd(true))) {
      assertEquals(30, generation.remainingTokens().length);
      assertEquals(GenerationEnd.LENGTH, generation.end());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6})
  void asManyTokensAsAskedFor(int maxTokens) throws Exception {
    for (int draftTokens : new int[] {0, 1, 4, 16}) {
      run(request(maxTokens, draftTokens), maxTokens, GenerationEnd.LENGTH);
    }
  }

  @Test
  void stopsAtTheServersContext() throws Exception {
    server.contextTokens = 64;
    for (int draftTokens : new int[] {0, 3, 16}) {
      run(request(0, draftTokens), 60, GenerationEnd.CONTEXT);
      run(request(1000, draftTokens), 60, GenerationEnd.CONTEXT);
    }
  }

  @Test
  void keepsToTheServersBlockLimit() throws Exception {
    server.maxDraftTokens = 3;
    GenerationStats stats = run(request(100, 16), 100, GenerationEnd.LENGTH);
    assertTrue(stats.drafted() <= 3L * stats.rounds());
  }

  @Test
  void goesOnWithoutDraftsWhenTheirContextIsFull() throws Exception {
    drafter = new ScriptedDrafter(SEED, 80, -1, 40);
    GenerationStats stats = run(request(200, 8), 200, GenerationEnd.LENGTH);
    assertTrue(stats.rounds() > 2);
    assertTrue(server.pushes.get() > 0);
  }

  @Test
  void goesOnWithoutDraftsWhenTheDraftModelFails() throws Exception {
    drafter.failAt = 10;
    GenerationStats stats = run(request(100, 4), 100, GenerationEnd.LENGTH);
    assertTrue(stats.rounds() >= 1);
    assertTrue(server.pushes.get() > 0);
  }

  @Test
  void goesOnWithoutDraftsWhenTheyLackATargetsToken() throws Exception {
    drafter.rows = 500;
    run(request(100, 4), 100, GenerationEnd.LENGTH);
  }

  @Test
  void paddingTokensOfTheDraftCutTheBlock() throws Exception {
    drafter.paddingEvery = 3;
    GenerationStats stats = run(request(100, 6), 100, GenerationEnd.LENGTH);
    assertTrue(stats.rounds() > 5);
  }

  @Test
  void longPromptsGoInPieces() throws Exception {
    server.maxFrameBytes = 4096;
    int[] prompt = IntStream.range(0, 3000).map(i -> i % 900).toArray();
    GenerationRequest request = GenerationRequest.of(prompt).withMaxTokens(40).withDraftTokens(4);
    run(request, 40, GenerationEnd.LENGTH);
  }

  @Test
  void staleVerdictsAreDraftedAgain() throws Exception {
    server.mischief =
        (self, connection, session, block) -> {
          if (session.blocks % 3 == 1) {
            self.stale(connection, session, block);
            return true;
          }
          return false;
        };
    GenerationStats stats = run(request(100, 4), 100, GenerationEnd.LENGTH);
    assertEquals(stats.rounds(), stats.roundMicros().getTotalCount());
    assertTrue(stats.drafted() <= 4L * stats.rounds(), "stale blocks do not count");
  }

  @Test
  void whatAStaleVerdictHidIsAnsweredAgain() throws Exception {
    server.mischief =
        (self, connection, session, block) -> {
          // But not at the end: nothing would be left to ask for.
          if (session.blocks % 4 == 2 && session.committedLength() < 80) {
            self.verify(null, session, block); // committed there, but not said
            self.stale(connection, session, block);
            return true;
          }
          return false;
        };
    run(request(100, 4), 100, GenerationEnd.LENGTH);
  }

  @Test
  void duplicateAndLateVerdictsAreIgnored() throws Exception {
    server.mischief =
        (self, connection, session, block) -> {
          int committed = session.committedLength();
          int round = block.round();
          self.answer(connection, session, block);
          self.stale(connection, session, block); // the same round once more
          if (round > 1) {
            self.send(
                connection,
                session,
                round - 1,
                VerdictStatus.VERIFIED,
                FinishReason.NONE,
                0,
                0,
                1,
                committed);
          }
          return true;
        };
    run(request(150, 4), 150, GenerationEnd.LENGTH);
    run(request(150, 1), 150, GenerationEnd.LENGTH);
  }

  @Test
  void severalGenerationsAtATime() throws Exception {
    try (SledClient client =
        SledClient.builder()
            .draftPolicy(DraftPolicy.FIXED)
            .server("127.0.0.1", server.port())
            .drafter(ScriptedServer.FINGERPRINT, c -> new ScriptedDrafter(SEED, 60, -1, c))
            .connect()) {
      List<Generation> generations = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        generations.add(
            client.start(GenerationRequest.of(i, i + 1).withMaxTokens(300).withDraftTokens(i)));
      }
      for (int i = 0; i < 5; i++) {
        int[] prompt = {i, i + 1};
        List<Integer> tokens = list(generations.get(i).remainingTokens());
        assertEquals(ScriptedText.stream(prompt, 300, -1), tokens);
        generations.get(i).close();
      }
      for (int i = 0; i < 500 && server.closes.get() < 5; i++) {
        Thread.sleep(10); // CLOSE is not waited for
      }
      assertEquals(5, server.closes.get());
    }
  }

  @Test
  void goesOverToPushWhereTheServerAloneIsFaster() throws Exception {
    server.price = 1; // every draft costs a second, as the server says
    server.alone = 1e-6f;
    int rounds = 0;
    try (SledClient client = connect(DraftPolicy.OPTIMAL)) {
      for (int i = 0; i < 8; i++) {
        try (Generation generation = client.start(request(300, 4))) {
          assertEquals(ScriptedText.stream(PROMPT, 300, -1), list(generation.remainingTokens()));
          rounds += generation.stats().rounds();
        }
      }
    }
    assertTrue(rounds <= 6, "it tries now and then: " + rounds + " rounds");
  }

  @Test
  void draftsAgainWhereThatIsFaster() throws Exception {
    server.price = 0.05f;
    server.alone = 1e-6f;
    try (SledClient client = connect(DraftPolicy.OPTIMAL)) {
      try (Generation generation = client.start(request(100, 4))) {
        assertEquals(ScriptedText.stream(PROMPT, 100, -1), list(generation.remainingTokens()));
      }
      server.price = 0;
      server.alone = 0.02f;
      try (Generation generation = client.start(request(200, 4))) {
        assertEquals(ScriptedText.stream(PROMPT, 200, -1), list(generation.remainingTokens()));
        int rounds = generation.stats().rounds();
        assertTrue(rounds >= 20, () -> rounds + " rounds");
      }
    }
  }

  @Test
  void takesItsCreditBackWhereDraftingBeginsToPay() throws Exception {
    server.alone = 2;
    try (SledClient client = connect(DraftPolicy.OPTIMAL)) {
      // How fast the draft model is has to be known: this server is too fast to catch up beside it.
      try (Generation generation = client.start(request(100, 4))) {
        assertEquals(ScriptedText.stream(PROMPT, 100, -1), list(generation.remainingTokens()));
      }
      server.price = 0.05f;
      server.alone = 1e-6f;
      int pushesBefore = server.pushes.get();
      server.beforePush =
          push -> {
            if (push == pushesBefore + 3) {
              server.price = 0;
              server.alone = 2;
            }
          };
      try (Generation generation = client.start(request(400, 4))) {
        assertEquals(ScriptedText.stream(PROMPT, 400, -1), list(generation.remainingTokens()));
        int rounds = generation.stats().rounds();
        assertTrue(rounds >= 20, () -> rounds + " rounds");
        assertTrue(server.takesBack.get() > 0);
      }
    }
  }

  @Test
  void cancelKeepsWhatIsThere() throws Exception {
    try (SledClient client = connect()) {
      Generation generation = client.start(request(0, 4));
      List<Integer> tokens = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        tokens.add(generation.next());
      }
      generation.cancel();
      for (int token : generation) {
        tokens.add(token);
      }
      assertEquals(GenerationEnd.CANCELLED, generation.end());
      assertEquals(ScriptedText.stream(PROMPT, tokens.size(), -1), tokens);
      generation.close();
      // The draft context is free for the next one, which knows nothing of the last.
      try (Generation next = client.start(request(50, 4))) {
        assertEquals(ScriptedText.stream(PROMPT, 50, -1), list(next.remainingTokens()));
      }
    }
    assertTrue(drafter.closed);
  }

  @Test
  void aReaderThatDoesNotReadHoldsTheGenerationUp() throws Exception {
    try (SledClient client = connect();
        Generation generation = client.start(request(0, 16))) {
      Thread.sleep(500);
      assertNull(generation.end());
      assertTrue(generation.stats().tokens() < 1100, "tokens " + generation.stats().tokens());
      assertEquals(4096 - PROMPT.length, generation.remainingTokens().length);
    }
  }

  @Test
  void samplingGoesToServerAndDrafterAnewForEachGeneration() throws Exception {
    Sampling warm =
        Sampling.GREEDY
            .withTemperature(0.9f)
            .withPenalties(1.1f, 0f, 0f, 64)
            .withSeed(Seeds.random())
            .withLogitBias(List.of(new TokenBias(3, -100f)));
    try (SledClient client = connect()) {
      for (Sampling sampling : List.of(warm, Sampling.GREEDY)) {
        try (Generation generation = client.start(request(20, 4).withSampling(sampling))) {
          assertEquals(20, generation.remainingTokens().length);
        }
        assertEquals(sampling, server.lastOpen.sampling());
      }
      // The second one had the first one's draft context.
      assertEquals(List.of(warm, Sampling.GREEDY), drafter.samplings);
    }
  }

  @Test
  void samplingThatCannotBeServedIsNamedAtOnce() throws Exception {
    Sampling warm = Sampling.GREEDY.withTemperature(0.9f);
    GenerationRequest request = request(20, 4);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> request.withSampling(warm.withFilters(0, 2f, 0f)));
    assertTrue(e.getMessage().contains("top-p is 2.0"), e::getMessage);
    server.maxFrameBytes = 4096;
    try (SledClient client = connect()) {
      Sampling unknown = warm.withLogitBias(List.of(new TokenBias(1000, 1f)));
      e =
          assertThrows(
              IllegalArgumentException.class, () -> client.start(request.withSampling(unknown)));
      assertTrue(e.getMessage().contains("token 1000"), e::getMessage);
      Sampling large = warm.withLogitBias(Collections.nCopies(1024, new TokenBias(1, 1f)));
      e =
          assertThrows(
              IllegalArgumentException.class, () -> client.start(request.withSampling(large)));
      assertTrue(e.getMessage().contains("4096 bytes"), e::getMessage);
    }
    assertEquals(List.of(), drafter.samplings, "no draft context was taken");
  }

  @Test
  void exactDraftsNeedAnExactServer() throws Exception {
    SledClient.Builder exact =
        SledClient.builder()
            .draftPolicy(DraftPolicy.FIXED)
            .server("127.0.0.1", server.port())
            .drafter(ScriptedServer.FINGERPRINT, contextTokens -> drafter)
            .exactDrafts(true);
    RefusedException e = assertThrows(RefusedException.class, exact::connect);
    assertTrue(e.getMessage().contains("fast numerics"), e::getMessage);
    server.welcomeFlags = Welcome.EXACT_NUMERICS;
    try (SledClient client = exact.connect()) {
      assertTrue(client.server().exactNumerics());
    }
  }

  @Test
  void withoutADraftModelThereArePushes() throws Exception {
    try (SledClient client = SledClient.builder().server("127.0.0.1", server.port()).connect()) {
      assertThrows(IllegalArgumentException.class, () -> client.start(request(10, 4)));
      assertThrows(IllegalStateException.class, () -> client.tokenize("text"));
      try (Generation generation = client.start(request(300, 0))) {
        assertEquals(ScriptedText.stream(PROMPT, 300, -1), list(generation.remainingTokens()));
        GenerationStats stats = generation.stats();
        assertTrue(Double.isNaN(stats.acceptedShare()));
        assertTrue(stats.bytesDown() > 300 * 4);
      }
    }
  }

  @Test
  void severalBlocksAreInFlight() throws Exception {
    drafter = new ScriptedDrafter(SEED, 90, -1, 4096);
    AtomicInteger ahead = new AtomicInteger();
    server.mischief =
        (self, connection, session, block) -> {
          ahead.addAndGet(block.predecessorRound() > 0 ? 1 : 0);
          return false;
        };
    try (SledClient client =
            SledClient.builder()
                .drafting(Drafting.of(DraftPolicy.FIXED).withWindow(4))
                .server("127.0.0.1", server.port())
                .drafter(ScriptedServer.FINGERPRINT, contextTokens -> drafter)
                .connect();
        Generation generation = client.start(request(400, 3))) {
      List<Integer> tokens = list(generation.remainingTokens());
      assertEquals(ScriptedText.stream(PROMPT, 400, server.endAt), tokens);
      GenerationStats stats = generation.stats();
      assertTrue(ahead.get() > 50, ahead + " blocks were sent ahead");
      assertTrue(stats.rounds() < server.blocks.get(), "those behind a wrong guess count for none");
      assertEquals(0.75, stats.acceptedShare(), 0.15);
    }
  }

  @Test
  void draftingCanBePaused() throws Exception {
    server.mischief =
        (self, connection, session, block) -> {
          assertTrue(session.committedLength() < 1000, "long after it was paused");
          return false;
        };
    try (SledClient client = connect()) {
      try (Generation generation = client.start(request(0, 4))) {
        for (int i = 0; i < 50; i++) {
          generation.next();
        }
        client.pauseDrafting(true);
        int tokens = 50 + generation.remainingTokens().length;
        assertEquals(4096 - PROMPT.length, tokens);
        assertTrue(generation.stats().rounds() > 0);
      }
      for (int i = 0; i < 200 && !drafter.closed; i++) {
        client.pauseDrafting(true); // its context comes back when its thread ends
        Thread.sleep(10);
      }
      assertTrue(drafter.closed, "nothing is kept");
      try (Generation generation = client.start(request(100, 4))) {
        assertEquals(ScriptedText.stream(PROMPT, 100, -1), list(generation.remainingTokens()));
        assertEquals(0, generation.stats().rounds());
      }
      drafter = new ScriptedDrafter(SEED, 70, -1, 4096);
      client.pauseDrafting(false);
      try (Generation generation = client.start(request(100, 4))) {
        assertEquals(ScriptedText.stream(PROMPT, 100, -1), list(generation.remainingTokens()));
        assertTrue(generation.stats().rounds() > 5);
      }
    }
  }

  @Test
  void draftContextsCanBeBounded() throws Exception {
    AtomicInteger context = new AtomicInteger();
    try (SledClient client =
            SledClient.builder()
                .draftPolicy(DraftPolicy.FIXED)
                .draftContextTokens(64)
                .server("127.0.0.1", server.port())
                .drafter(
                    ScriptedServer.FINGERPRINT,
                    tokens -> {
                      context.set(tokens);
                      return new ScriptedDrafter(SEED, 70, -1, tokens);
                    })
                .connect();
        Generation generation = client.start(request(200, 4))) {
      assertEquals(ScriptedText.stream(PROMPT, 200, -1), list(generation.remainingTokens()));
      assertEquals(64, context.get());
    }
  }
}
