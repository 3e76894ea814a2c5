package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.device.draft.DraftPolicy;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.VerdictStatus;

/**
 * What goes wrong says what to do, and what was committed before it is right. Nothing of it may
 * take longer than the slowest machine needs for a few hundred tokens.
 */
@Timeout(30)
final class FaultTest {
  private static final int[] PROMPT = {5, 6, 7, 8};

  private ScriptedServer server;

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private SledClient.Builder builder() {
    return SledClient.builder()
        .draftPolicy(DraftPolicy.FIXED)
        .outage(Outage.FAIL)
        .server("127.0.0.1", server.port())
        .drafter(ScriptedServer.FINGERPRINT, c -> new ScriptedDrafter(1, 70, -1, c));
  }

  private static GenerationRequest request(int maxTokens) {
    return GenerationRequest.of(PROMPT).withMaxTokens(maxTokens);
  }

  /** Reads until it fails; what came before must be the target's. */
  private static <T extends SledClientException> T failure(Class<T> type, Generation generation) {
    List<Integer> tokens = new ArrayList<>();
    T e =
        assertThrows(
            type,
            () -> {
              for (int token : generation) {
                tokens.add(token);
              }
            });
    assertEquals(ScriptedText.stream(PROMPT, tokens.size(), -1), tokens);
    return e;
  }

  @Test
  void nobodyListens() {
    server.close();
    UnreachableException e = assertThrows(UnreachableException.class, () -> builder().connect());
    assertTrue(e.getMessage().contains("check that the server runs"), e::getMessage);
  }

  @Test
  void anotherTokenizerIsNamed() {
    TokenizerFingerprint other = new TokenizerFingerprint(900, 1, 9, 3, 4);
    TokenizerMismatchException e =
        assertThrows(
            TokenizerMismatchException.class,
            () -> builder().drafter(other, c -> new ScriptedDrafter(1, 70, -1, c)).connect());
    assertTrue(e.getMessage().contains("vocabulary size 900 vs 1000"), e::getMessage);
    assertTrue(e.getMessage().contains("merges differ"), e::getMessage);
  }

  @Test
  void busyHasAHint() throws Exception {
    server.busyOpens.set(1);
    try (SledClient client = builder().busy(Busy.FAIL).connect()) {
      try (Generation generation = client.start(request(10))) {
        BusyException e = failure(BusyException.class, generation);
        assertEquals(250, e.retryAfterMillis());
        assertTrue(e.getMessage().contains("try again in 250 ms"), e::getMessage);
      }
      // The connection goes on.
      try (Generation generation = client.start(request(10))) {
        assertEquals(10, generation.remainingTokens().length);
      }
    }
  }

  @Test
  void busyBlocksAreSentAgain() throws Exception {
    server.mischief =
        (self, connection, session, block) -> {
          if (session.blocks % 5 != 1) {
            return false;
          }
          connection.send(
              new ErrorMessage(session.id, block.round(), ErrorCode.BUSY, false, 5, "full"));
          return true;
        };
    try (SledClient client = builder().connect();
        Generation generation = client.start(request(60))) {
      List<Integer> tokens = new ArrayList<>();
      generation.forEach(tokens::add);
      assertEquals(ScriptedText.stream(PROMPT, 60, -1), tokens);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4})
  void theConnectionIsLostMidStream(int draftTokens) throws Exception {
    try (SledClient client = builder().connect();
        Generation generation = client.start(request(0).withDraftTokens(draftTokens))) {
      assertTrue(generation.next() >= 0);
      server.close();
      List<Integer> tokens = new ArrayList<>();
      ConnectionLostException e =
          assertThrows(ConnectionLostException.class, () -> generation.forEach(tokens::add));
      assertTrue(e.getMessage().contains("start again"), e::getMessage);
      List<Integer> expected = ScriptedText.stream(PROMPT, tokens.size() + 1, -1);
      assertEquals(expected.subList(1, expected.size()), tokens);
      assertTrue(client.isClosed());
    }
  }

  /** Verdicts no honest server sends: accepted > verified, wrong length, token, round, epoch. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4})
  void aContradictionEndsTheConnection(int kind) throws Exception {
    server.mischief =
        (self, connection, session, block) -> {
          if (session.blocks < 3) {
            return false;
          }
          int committed = session.committedLength();
          self.send(
              connection,
              session,
              kind == 3 ? block.round() + 7 : block.round(),
              VerdictStatus.VERIFIED,
              FinishReason.NONE,
              kind == 4 ? 60 : 1,
              kind == 0 ? 2 : 1,
              kind == 2 ? ScriptedText.VOCABULARY : 3,
              kind == 1 ? committed + 5 : committed + 2);
          return true;
        };
    try (SledClient client = builder().connect();
        Generation generation = client.start(request(100))) {
      ServerFaultException e = failure(ServerFaultException.class, generation);
      assertTrue(e.getMessage().contains("contradicts itself"), e::getMessage);
      assertTrue(client.isClosed());
    }
  }

  @Test
  void endlessStaleVerdictsAreAFault() throws Exception {
    server.mischief =
        (self, connection, session, block) -> {
          self.stale(connection, session, block);
          return true;
        };
    try (SledClient client = builder().connect();
        Generation generation = client.start(request(100))) {
      ServerFaultException e = failure(ServerFaultException.class, generation);
      assertTrue(e.getMessage().contains("stale"), e::getMessage);
    }
  }

  /** Whatever it answers, it gets the whole text once in each form. */
  @ParameterizedTest
  @EnumSource(names = {"RESUME_TOKENS", "UNSUPPORTED"})
  void aServerThatIsNeverContentIsGivenUp(ErrorCode answer) throws Exception {
    AtomicInteger asked = new AtomicInteger();
    server.reopening =
        (connection, open) -> {
          asked.incrementAndGet();
          return connection.send(ErrorMessage.ofSession(open.session(), 0, answer, "again"));
        };
    try (SledClient client = builder().outage(Outage.WAIT).connect();
        Generation generation = client.start(request(1000))) {
      generation.next();
      server.cut();
      SledClientException e = assertThrows(SledClientException.class, generation::remainingTokens);
      assertTrue(e.getMessage().contains("again"), e::getMessage);
      assertEquals(2, asked.get(), "once without the tokens and once with them");
    }
  }

  /** Connections that are made and lost are no progress: the outage goes on, with pauses. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anOutageEndsWithTheSessionNotWithAConnection(boolean cuts) throws Exception {
    AtomicInteger asked = new AtomicInteger();
    server.reopening =
        (connection, open) -> {
          asked.incrementAndGet();
          if (cuts) {
            connection.close("cut");
          } else {
            connection.send(
                ErrorMessage.ofSession(open.session(), 0, ErrorCode.SHUTTING_DOWN, "soon"));
          }
          return true;
        };
    SledClient.Builder patient = builder().outage(Outage.WAIT).outageTimeout(Duration.ofSeconds(1));
    try (SledClient client = patient.connect();
        Generation generation = client.start(request(1000))) {
      generation.next();
      server.cut();
      UnreachableException e =
          assertThrows(UnreachableException.class, generation::remainingTokens);
      assertTrue(e.getMessage().contains("within 1 s"), e::getMessage);
      assertTrue(asked.get() >= 2 && asked.get() < 10, asked + " times, not as fast as it goes");
    }
  }

  @Test
  void errorsOfTheSessionEndIt() throws Exception {
    server.mischief =
        (self, connection, session, block) -> {
          connection.send(
              ErrorMessage.ofSession(session.id, block.round(), ErrorCode.INTERNAL, "no luck"));
          return true;
        };
    try (SledClient client = builder().connect();
        Generation generation = client.start(request(100))) {
      ServerFaultException e = failure(ServerFaultException.class, generation);
      assertTrue(e.getMessage().contains("no luck"), e::getMessage);
    }
  }

  @Test
  void aSilentServerIsNotWaitedForForever() throws Exception {
    server.mischief = (self, connection, session, block) -> true;
    try (SledClient client = builder().answerTimeout(Duration.ofMillis(300)).connect();
        Generation generation = client.start(request(100))) {
      ServerFaultException e = failure(ServerFaultException.class, generation);
      assertTrue(e.getMessage().contains("no verdict within"), e::getMessage);
    }
  }

  @Test
  void cancelDoesNotWaitForASilentServer() throws Exception {
    server.mischief = (self, connection, session, block) -> true;
    try (SledClient client = builder().connect()) {
      Generation generation = client.start(request(100));
      assertTrue(generation.next() >= 0);
      Thread.sleep(50);
      long startNanos = System.nanoTime();
      generation.close();
      assertTrue(System.nanoTime() - startNanos < 5_000_000_000L);
      assertEquals(GenerationEnd.CANCELLED, generation.end());
    }
  }

  @Test
  void promptsThatCannotBeServedAreSaidAtOnce() throws Exception {
    try (SledClient client = builder().connect()) {
      assertThrows(
          IllegalArgumentException.class, () -> client.start(GenerationRequest.of(new int[5000])));
      assertThrows(IllegalArgumentException.class, () -> client.start(GenerationRequest.of(1000)));
      assertThrows(IllegalArgumentException.class, () -> GenerationRequest.of());
    }
  }
}
