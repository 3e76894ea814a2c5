package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.Drafting;
import org.sled.net.protocol.TokenizerFingerprint;

/**
 * Servers come and go: the text is the target's all the same, and there soon after a server is. The
 * longest pause between two attempts is 5 s.
 */
@Timeout(30)
final class OutageTest {
  private static final int[] PROMPT = {5, 6, 7, 8};
  private static final int TOKENS = 400;

  private ScriptedServer server;
  private final List<ScriptedServer> others = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
  }

  @AfterEach
  void stop() {
    server.close();
    others.forEach(ScriptedServer::close);
  }

  private ScriptedServer another(int port) throws Exception {
    ScriptedServer other = new ScriptedServer(port);
    others.add(other);
    return other;
  }

  private SledClient.Builder builder(int matchPercent) {
    return SledClient.builder()
        .drafting(Drafting.of(DraftPolicy.FIXED).withWindow(3))
        .server("127.0.0.1", server.port())
        .drafter(ScriptedServer.FINGERPRINT, c -> new ScriptedDrafter(1, matchPercent, -1, c));
  }

  private static InetSocketAddress address(ScriptedServer server) {
    return InetSocketAddress.createUnresolved("127.0.0.1", server.port());
  }

  private static GenerationRequest request(int draftTokens) {
    return GenerationRequest.of(PROMPT).withMaxTokens(TOKENS).withDraftTokens(draftTokens);
  }

  private static List<Integer> expected() {
    return ScriptedText.stream(PROMPT, TOKENS, -1);
  }

  private static List<Integer> list(int[] tokens) {
    return IntStream.of(tokens).boxed().toList();
  }

  /** What an application shows that follows a listener. */
  private static final class Screen implements GenerationListener {
    final List<Integer> shown = new ArrayList<>();
    final List<String> events = new ArrayList<>();
    final CountDownLatch unverified = new CountDownLatch(1);
    int verified;
    int mostUnverified;
    int revisions;
    ServerInfo server;
    boolean sameNumerics;
    Runnable whenVerified = () -> {};

    @Override
    public void tokens(long nanos, int... tokens) {
      for (int token : tokens) {
        if (verified < shown.size()) {
          assertEquals(shown.get(verified), token, "what was wrong is withdrawn first");
        } else {
          shown.add(token);
        }
        verified++;
      }
      whenVerified.run();
    }

    @Override
    public void unverified(int position, int... tokens) {
      assertEquals(shown.size(), position);
      list(tokens).forEach(shown::add);
      mostUnverified = Math.max(mostUnverified, shown.size() - verified);
      unverified.countDown();
    }

    @Override
    public void revised(int position) {
      assertTrue(position >= verified && position < shown.size(), "there is something to withdraw");
      shown.subList(position, shown.size()).clear();
      revisions++;
    }

    @Override
    public void connectionLost(String reason) {
      events.add("lost");
    }

    @Override
    public void resumed(ServerInfo newServer, boolean same) {
      events.add("resumed");
      server = newServer;
      sameNumerics = same;
    }
  }

  @ParameterizedTest
  @CsvSource({"0,false", "4,false", "4,true", "16,true"})
  void aBrokenConnectionIsMadeAgain(int draftTokens, boolean remembers) throws Exception {
    server.remembers = remembers;
    AtomicInteger answers = new AtomicInteger();
    server.mischief =
        (self, connection, session, block) -> {
          if (answers.incrementAndGet() % 10 != 3) {
            return false;
          }
          self.answer(connection, session, block); // it may or may not arrive
          self.cut();
          return true;
        };
    try (SledClient client = builder(80).connect();
        Generation generation = client.start(request(draftTokens))) {
      if (draftTokens == 0) {
        for (int i = 0; i < 3; i++) {
          generation.next();
        }
        server.cut();
        assertEquals(expected().subList(3, TOKENS), list(generation.remainingTokens()));
      } else {
        assertEquals(expected(), list(generation.remainingTokens()));
        assertTrue(generation.stats().resumes() > 1, "it broke");
      }
      int forms = remembers ? 1 : 2;
      assertTrue(server.resumes.get() >= forms * generation.stats().resumes());
      // A connection may break again before its RESUME is answered, which takes an epoch as well.
      assertTrue(server.lastOpen.epoch() > generation.stats().resumes());
    }
  }

  @Test
  void itWaitsForTheServerToComeBack() throws Exception {
    Screen screen = new Screen();
    screen.whenVerified = () -> server.close();
    try (SledClient client = builder(80).connect();
        Generation generation = client.start(request(4), screen)) {
      Thread.sleep(700);
      assertTrue(screen.verified < 100, "nobody goes on alone");
      screen.whenVerified = () -> {};
      ScriptedServer restarted = another(server.port());
      generation.remainingTokens();
      assertEquals(expected(), screen.shown);
      assertEquals(List.of("lost", "resumed"), screen.events);
      assertTrue(screen.sameNumerics);
      assertEquals(TOKENS - screen.verified, 0);
      assertTrue(restarted.lastOpen.promptTokensTotal() > PROMPT.length);
      assertTrue(restarted.lastOpen.maxTokens() < TOKENS);
    }
  }

  @Test
  void anotherServerTakesOver() throws Exception {
    ScriptedServer other = another(0);
    other.numericsId = 7;
    Screen screen = new Screen();
    try (SledClient client =
            builder(80).servers(List.of(address(server), address(other))).connect();
        Generation generation = client.start(request(4), screen)) {
      ScriptedServer preferred = server.connections() > 0 ? server : other;
      preferred.close();
      generation.remainingTokens();
      assertEquals(expected(), screen.shown);
      if (!screen.events.isEmpty()) { // else it was over before
        assertFalse(screen.sameNumerics, "it computes otherwise, and that is said");
        ScriptedServer left = preferred == server ? other : server;
        assertEquals("127.0.0.1:" + left.port(), screen.server.address());
      }
    }
  }

  @Test
  void aServerThatLeavesGetsNoNewSessions() throws Exception {
    ScriptedServer other = another(0);
    try (SledClient client =
        builder(80).servers(List.of(address(server), address(other))).connect()) {
      ScriptedServer first = server.connections() > 0 ? server : other;
      ScriptedServer second = first == server ? other : server;
      first.mischief =
          (self, connection, session, block) -> {
            sleep(2);
            return false;
          };
      try (Generation running = client.start(request(4))) {
        running.next();
        first.goAway();
        // Runs out where it is, while a new one begins elsewhere.
        for (int i = 0; i < 200 && client.server().address().endsWith(":" + first.port()); i++) {
          try (Generation next = client.start(request(4).withMaxTokens(20))) {
            assertEquals(expected().subList(0, 20), list(next.remainingTokens()));
          }
        }
        assertTrue(client.server().address().endsWith(":" + second.port()));
        assertEquals(expected().subList(1, TOKENS), list(running.remainingTokens()));
        assertEquals(0, running.stats().resumes());
      }
      for (int i = 0; i < 500 && first.connections() > 0; i++) {
        Thread.sleep(10);
      }
      assertEquals(0, first.connections(), "and lets it go");
    }
  }

  /** Even who would fail in an outage: this is none. */
  @Test
  void aServerCanSendItsClientsElsewhere() throws Exception {
    ScriptedServer other = another(0);
    server.mischief =
        (self, connection, session, block) -> {
          sleep(2);
          return false;
        };
    try (SledClient client = builder(80).outage(Outage.FAIL).connect()) {
      try (Generation generation = client.start(request(4))) {
        generation.next();
        server.redirect(other.port());
        assertEquals(expected().subList(1, TOKENS), list(generation.remainingTokens()));
        assertEquals(1, generation.stats().resumes());
      }
      assertEquals("127.0.0.1:" + other.port(), client.server().address());
      for (int i = 0; i < 500 && server.connections() > 0; i++) {
        Thread.sleep(10);
      }
      assertEquals(0, server.connections());
    }
  }

  @Test
  void aRedirectToNowhereIsNoEnd() throws Exception {
    ScriptedServer other = another(0);
    try (SledClient client =
        builder(80).servers(List.of(address(server), address(other))).connect()) {
      ScriptedServer first = server.connections() > 0 ? server : other;
      first.mischief =
          (self, connection, session, block) -> {
            sleep(2);
            return false;
          };
      try (Generation generation = client.start(request(4))) {
        generation.next();
        first.redirect(1);
        assertEquals(expected().subList(1, TOKENS), list(generation.remainingTokens()));
      }
    }
  }

  private static void sleep(int millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Drafts that are all right, often right, and never right. */
  @ParameterizedTest
  @ValueSource(ints = {100, 90, 0})
  void theDraftModelGoesOnAloneAndIsRevised(int matchPercent) throws Exception {
    Screen screen = new Screen();
    screen.whenVerified = () -> server.close();
    try (SledClient client = builder(matchPercent).outage(Outage.LOCAL).connect();
        Generation generation = client.start(request(4), screen)) {
      assertTrue(screen.unverified.await(10, TimeUnit.SECONDS));
      Thread.sleep(300);
      screen.whenVerified = () -> {};
      ScriptedServer restarted = another(server.port());
      generation.remainingTokens();
      assertEquals(expected(), screen.shown);
      assertEquals(TOKENS, screen.verified);
      assertTrue(screen.mostUnverified > 300, screen.mostUnverified + " tokens");
      assertEquals(matchPercent == 100 ? 0 : 1, screen.revisions);
      if (matchPercent == 100) {
        int blocks = restarted.blocks.get();
        assertTrue(blocks <= 1 + TOKENS / 62, blocks + " blocks for all that was drafted");
      }
    }
  }

  @Test
  void unverifiedTokensAreForListenersOnly() throws Exception {
    try (SledClient client = builder(50).outage(Outage.LOCAL).connect();
        Generation generation = client.start(request(4))) {
      List<Integer> tokens = new ArrayList<>(List.of(generation.next()));
      server.close();
      Thread.sleep(300);
      another(server.port());
      tokens.addAll(list(generation.remainingTokens()));
      assertEquals(expected(), tokens);
    }
  }

  @Test
  void aTextThatSeemsToBeAtItsEndIsNotGoneOnWith() throws Exception {
    Screen screen = new Screen();
    screen.whenVerified = () -> server.close();
    int endAt = PROMPT.length + 150;
    try (SledClient client =
            builder(100)
                .outage(Outage.LOCAL)
                .drafter(ScriptedServer.FINGERPRINT, c -> new ScriptedDrafter(1, 100, endAt, c))
                .connect();
        Generation generation = client.start(request(4), screen)) {
      assertTrue(screen.unverified.await(10, TimeUnit.SECONDS));
      Thread.sleep(300);
      assertEquals(151, screen.shown.size());
      screen.whenVerified = () -> {};
      another(server.port()).endAt = endAt;
      generation.remainingTokens();
      assertEquals(ScriptedText.stream(PROMPT, TOKENS, endAt), screen.shown);
      assertEquals(GenerationEnd.STOP, generation.end());
      assertEquals(0, screen.revisions);
    }
  }

  @Test
  void itDoesNotWaitForEver() throws Exception {
    try (SledClient client = builder(80).outageTimeout(Duration.ofMillis(400)).connect();
        Generation generation = client.start(request(4))) {
      generation.next();
      server.close();
      UnreachableException e =
          assertThrows(UnreachableException.class, generation::remainingTokens);
      assertTrue(e.getMessage().contains("no server was there"), e::getMessage);
    }
  }

  @Test
  void whoDoesNotWaitCanStartAgain() throws Exception {
    try (SledClient client = builder(80).outage(Outage.FAIL).connect()) {
      try (Generation generation = client.start(request(4))) {
        generation.next();
        server.cut();
        assertThrows(ConnectionLostException.class, generation::remainingTokens);
      }
      try (Generation generation = client.start(request(4))) {
        assertEquals(expected(), list(generation.remainingTokens()));
      }
    }
  }

  @Test
  void aWaitingGenerationCanBeCancelled() throws Exception {
    try (SledClient client = builder(80).connect()) {
      Generation generation = client.start(request(4));
      generation.next();
      server.close();
      Thread.sleep(200);
      long startNanos = System.nanoTime();
      generation.close();
      assertTrue(System.nanoTime() - startNanos < 2_000_000_000L);
      assertEquals(GenerationEnd.CANCELLED, generation.end());
    }
  }

  @Test
  void closingTheClientEndsTheWait() throws Exception {
    SledClient client = builder(80).connect();
    try (Generation generation = client.start(request(4))) {
      generation.next();
      server.close();
      Thread.sleep(200);
      client.close();
      SledClientException e = assertThrows(SledClientException.class, generation::remainingTokens);
      assertTrue(e.getMessage().contains("closed"), e::getMessage);
    }
  }

  @Test
  void severalGenerationsComeBackOverOneConnection() throws Exception {
    try (SledClient client = builder(80).connect()) {
      List<Generation> all = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        all.add(client.start(request(i)));
      }
      for (int cuts = 0; cuts < 5; cuts++) {
        Thread.sleep(10);
        server.cut();
      }
      for (Generation generation : all) {
        assertEquals(expected(), list(generation.remainingTokens()));
        generation.close();
      }
      assertTrue(server.connections() <= 1);
    }
  }

  @Test
  void aBusyServerIsAskedAgain() throws Exception {
    try (SledClient client = builder(80).connect();
        Generation generation = client.start(request(4))) {
      List<Integer> tokens = new ArrayList<>(List.of(generation.next()));
      server.busyOpens.set(2);
      server.cut();
      tokens.addAll(list(generation.remainingTokens()));
      assertEquals(expected(), tokens);
    }
  }

  @Test
  void aServerOfAnotherTargetIsNoneToGoOnWith() throws Exception {
    Screen screen = new Screen();
    screen.whenVerified = () -> server.close();
    try (SledClient client = builder(80).connect();
        Generation generation = client.start(request(4), screen)) {
      Thread.sleep(100);
      another(server.port()).fingerprint = new TokenizerFingerprint(900, 1, 9, 3, 4);
      TokenizerMismatchException e =
          assertThrows(TokenizerMismatchException.class, generation::remainingTokens);
      assertTrue(e.getMessage().contains("vocabulary size"), e::getMessage);
    }
  }
}
