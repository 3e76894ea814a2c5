package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.sled.net.client.ClientTransport;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.GoAway;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.VerdictStatus;

/** Streams that go on over another connection, with a scripted target. */
class ResumeTest {
  private static final int SESSIONS = 3;
  private static final int CONTEXT = 200;
  private static final int NEW_TOKENS = 60;
  private static final List<Integer> PROMPT =
      IntStream.range(0, 20).map(i -> 7 * i + 3).boxed().toList();
  private static final List<Integer> STREAM = ScriptedTarget.stream(PROMPT, NEW_TOKENS);

  private final ScriptedTarget target = new ScriptedTarget(2 * SESSIONS, SESSIONS, CONTEXT);
  private final ClientTransport transport = new ClientTransport(1);
  private Daemon daemon;
  private TestDevice device;

  /** Of the stream; nobody's before it is opened. */
  private StreamSecret secret = new StreamSecret(1, 2);

  @BeforeEach
  void start() throws Exception {
    daemon = daemon(target, SchedulingConfig.DEFAULT);
    device = new TestDevice(transport, daemon.address());
  }

  @AfterEach
  void everythingIsGivenBack() throws Exception {
    device.close();
    awaitSessions(0);
    for (int i = 0; i < 500 && daemon.stats().kvCellsUsed() > 0; i++) {
      Thread.sleep(10);
    }
    assertEquals(0, daemon.stats().kvCellsUsed());
    transport.close();
    daemon.close();
    assertTrue(target.closed);
  }

  private static Daemon daemon(ScriptedTarget target, SchedulingConfig scheduling)
      throws IOException {
    return ScriptedDaemon.start(target, config -> config.scheduling(scheduling));
  }

  private void awaitSessions(int count) throws InterruptedException {
    for (int i = 0; i < 500 && daemon.stats().sessionsInUse() != count; i++) {
      Thread.sleep(10);
    }
    assertEquals(count, daemon.stats().sessionsInUse());
  }

  /** The stream's first tokens, with as many wanted as are left. */
  private static Resume resume(int session, int epoch, int committed) {
    int left = STREAM.size() - committed;
    return Resume.of(
        Open.of(session, epoch, left, Sampling.GREEDY, ids(STREAM.subList(0, committed))));
  }

  private static TokenIds ids(List<Integer> tokens) {
    return TokenIds.of(tokens.stream().mapToInt(Integer::intValue).toArray());
  }

  /** Opens the stream as session 1, and goes on until so many tokens are committed. */
  private void openUntil(int committed) throws InterruptedException {
    device.open(1, PROMPT, NEW_TOKENS);
    secret = device.receive(Opened.class).secret();
    device.connection.send(new Push(1, 1, PROMPT.size(), committed - PROMPT.size() - 1));
    for (int i = PROMPT.size() + 1; i < committed; i++) {
      assertEquals(List.of(STREAM.get(i)), device.receive(TestDevice.Tokens.class).ids());
    }
  }

  private void cut() throws InterruptedException {
    device.close();
    awaitSessions(0);
  }

  private static void expectOpened(TestDevice where, int epoch, int committed)
      throws InterruptedException {
    Opened opened = where.receive(Opened.class);
    assertEquals(epoch, opened.epoch());
    assertEquals(committed + 1, opened.committedLength());
    assertEquals(STREAM.get(committed), opened.firstToken());
  }

  /** From the first token after RESUME to the stream's end: a block, then pushed ones. */
  private static void expectRest(TestDevice where, int session, int epoch, int committed)
      throws InterruptedException {
    int at = committed + 1;
    where.draft(
        session, 1, epoch, at - 1, 0, STREAM.get(at - 1), STREAM.get(at), STREAM.get(at + 1), 3);
    TestDevice.Verdict verdict = where.receive(TestDevice.Verdict.class);
    assertEquals(VerdictStatus.VERIFIED, verdict.status());
    assertEquals(2, verdict.accepted());
    assertEquals(STREAM.get(at + 2), verdict.nextToken());
    at += 3;
    where.connection.send(new Push(session, epoch, at - 1, 1000));
    FinishReason finish = FinishReason.NONE;
    while (finish == FinishReason.NONE) {
      TestDevice.Tokens tokens = where.receive(TestDevice.Tokens.class);
      assertEquals(STREAM.get(at++), tokens.ids().get(0));
      finish = tokens.finish();
    }
    assertEquals(FinishReason.LENGTH, finish);
    assertEquals(STREAM.size(), at);
  }

  private static ErrorMessage expectError(TestDevice where, ErrorCode code)
      throws InterruptedException {
    ErrorMessage error = where.receive(ErrorMessage.class);
    assertEquals(code, error.code(), error::text);
    assertFalse(error.fatal());
    return error;
  }

  @Test
  void theSecretIsEnoughWhereTheStreamWas() throws Exception {
    openUntil(50);
    cut();
    int computed = target.computedTokens.get();
    try (TestDevice again = new TestDevice(transport, daemon.address())) {
      again.connection.resume(resume(1, 2, 50).withoutTokens(secret));
      expectOpened(again, 2, 50);
      assertEquals(computed + 1, target.computedTokens.get(), "only the row of the next token");
      expectRest(again, 1, 2, 50);
    }
  }

  @Test
  void aDeviceThatMissedTheLastAnswersGoesOnFromWhatItHas() throws Exception {
    openUntil(50);
    cut();
    try (TestDevice again = new TestDevice(transport, daemon.address())) {
      again.connection.resume(resume(8, 2, 44).withoutTokens(secret));
      expectOpened(again, 2, 44);
      expectRest(again, 8, 2, 44);
    }
  }

  @Test
  void aFreshServerAsksForTheTokens() throws Exception {
    ScriptedTarget other = new ScriptedTarget(2 * SESSIONS, SESSIONS, CONTEXT);
    openUntil(50);
    cut();
    try (Daemon fresh = daemon(other, SchedulingConfig.DEFAULT);
        TestDevice again = new TestDevice(transport, fresh.address())) {
      Resume resume = resume(1, 2, 50);
      again.connection.resume(resume.withoutTokens(secret));
      assertEquals(1, expectError(again, ErrorCode.RESUME_TOKENS).session());
      assertEquals(0, fresh.stats().sessionsInUse());
      again.connection.resume(resume);
      expectOpened(again, 2, 50);
      expectRest(again, 1, 2, 50);
    }
  }

  @Test
  void tokensThatComeUnaskedUseWhatIsThere() throws Exception {
    openUntil(50);
    cut();
    int computed = target.computedTokens.get();
    try (TestDevice again = new TestDevice(transport, daemon.address())) {
      again.connection.resume(resume(1, 2, 50));
      expectOpened(again, 2, 50);
      assertEquals(computed + 1, target.computedTokens.get());
      expectRest(again, 1, 2, 50);
    }
  }

  @Test
  void theOldSessionIsNotDisturbedWhileItsConnectionIsOpen() throws Exception {
    openUntil(50);
    int computed = target.computedTokens.get();
    try (TestDevice again = new TestDevice(transport, daemon.address())) {
      again.connection.resume(resume(1, 2, 50).withoutTokens(secret));
      expectOpened(again, 2, 50);
      assertEquals(2, daemon.stats().sessionsInUse());
      assertEquals(computed + 1, target.computedTokens.get(), "shares what was generated, too");
      expectRest(again, 1, 2, 50);
      expectRest(device, 1, 1, 49); // its newest token is the 50th
    }
    awaitSessions(1);
  }

  @Test
  void whatBelongsToAnOlderEpochIsLate() throws Exception {
    openUntil(50);
    device.connection.send(new Close(1, 1));
    device.receive(Closed.class);
    device.connection.resume(resume(1, 2, 50).withoutTokens(secret));
    expectOpened(device, 2, 50);
    device.draft(1, 7, 1, 50, 0, STREAM.get(50), STREAM.get(51));
    device.connection.send(new Push(1, 1, 50, 10));
    assertTrue(device.isSilentFor(100));
    device.draft(1, 7, 3, 50, 0, STREAM.get(50), STREAM.get(51));
    expectError(device, ErrorCode.EPOCH);
    expectRest(device, 1, 2, 50);
  }

  /** Whether its tokens are right makes no difference for anybody but the stream's owner. */
  @Test
  void whoGuessesTokensLearnsNothing() throws Exception {
    openUntil(50);
    try (TestDevice guesser = new TestDevice(transport, daemon.address())) {
      guesser.open(9, List.of(1, 2, 3), 5);
      StreamSecret own = guesser.receive(Opened.class).secret();
      assertNotEquals(own, secret);
      List<StreamSecret> shown =
          List.of(StreamSecret.NONE, own, new StreamSecret(secret.high(), secret.low() + 1));
      String answer = null;
      for (boolean isOver : new boolean[] {false, true}) { // open, and then retired
        for (StreamSecret wrong : shown) {
          for (int count : new int[] {1, 2, 21, 49, 50, 60}) {
            for (int offset : new int[] {0, 1}) {
              List<Integer> guess = new ArrayList<>(STREAM.subList(0, count));
              guess.set(count - 1, guess.get(count - 1) + offset);
              Open open = Open.of(1, 2, 9, Sampling.GREEDY, ids(guess));
              guesser.connection.resume(Resume.of(open).withoutTokens(wrong));
              String next = expectError(guesser, ErrorCode.RESUME_TOKENS).toString();
              answer = answer == null ? next : answer;
              assertEquals(answer, next);
            }
          }
        }
        // The owner, but not with its own tokens: no other answer than that.
        for (int count : new int[] {20, 50, 60}) {
          Resume other = resume(1, 2, count);
          Resume wrong = new Resume(other.open(), 0, other.digest() + 1, StreamSecret.NONE);
          guesser.connection.resume(wrong.withoutTokens(secret));
          assertEquals(answer, expectError(guesser, ErrorCode.RESUME_TOKENS).toString());
        }
        guesser.connection.resume(resume(1, 2, 60).withoutTokens(secret)); // it has 50 or 51
        assertEquals(answer, expectError(guesser, ErrorCode.RESUME_TOKENS).toString());
        if (!isOver) {
          device.connection.send(new Close(1, 1));
          device.receive(Closed.class);
        }
      }
      guesser.connection.resume(resume(1, 2, 50).withoutTokens(secret));
      Opened opened = guesser.receive(Opened.class);
      assertEquals(STREAM.get(50), opened.firstToken());
      assertEquals(secret, opened.secret(), "the stream keeps its secret");
    }
  }

  /** As if OPENED had got lost: the device knows the secret of the opening before. */
  @Test
  void anAnswerThatGotLostDoesNotMatter() throws Exception {
    openUntil(50);
    for (int epoch = 2; epoch < 6; epoch++) {
      cut();
      device = new TestDevice(transport, daemon.address());
      device.connection.resume(resume(1, epoch, 50).withoutTokens(secret));
      expectOpened(device, epoch, 50);
    }
  }

  @Test
  void aWrongDigestIsRefusedAndTheSessionMayComeAgain() throws Exception {
    Resume right = resume(1, 2, 50);
    Resume wrong = new Resume(right.open(), 0, right.digest() + 1, StreamSecret.NONE);
    device.connection.resume(wrong);
    ErrorMessage error = expectError(device, ErrorCode.MALFORMED);
    assertTrue(error.text().contains("digest"), error::text);
    device.connection.resume(wrong.withoutTokens(secret));
    expectError(device, ErrorCode.RESUME_TOKENS);
    device.connection.resume(right);
    expectOpened(device, 2, 50);
    expectRest(device, 1, 2, 50);
  }

  @Test
  void chunksMustFollowEachOther() throws Exception {
    Resume whole = resume(1, 2, 50);
    device.connection.send(whole.part(0, 20, true));
    device.connection.send(whole.part(20, 45, true));
    device.connection.send(whole.part(45, 50, false));
    expectOpened(device, 2, 50);
    device.connection.send(whole.part(0, 20, true));
    expectError(device, ErrorCode.SESSION_EXISTS);

    Resume second = resume(2, 2, 50);
    device.connection.send(second.part(0, 20, true));
    device.connection.send(second.part(21, 50, false)); // a gap
    expectError(device, ErrorCode.MALFORMED);
    device.connection.send(second.part(20, 50, false)); // what came before is forgotten
    expectError(device, ErrorCode.MALFORMED);
    device.connection.send(second.part(0, 20, true));
    device.connection.send(second.open().part(20, 50, false)); // an OPEN in between
    expectError(device, ErrorCode.MALFORMED);
    device.connection.send(second.part(0, 20, true));
    device.connection.send(second.withoutTokens(secret));
    expectError(device, ErrorCode.MALFORMED);
    device.connection.send(second.part(0, 20, false)); // too few
    expectError(device, ErrorCode.MALFORMED);
    device.connection.send(second.part(0, 20, true));
    device.connection.send(new Close(2, 2));
    assertEquals(0, device.receive(Closed.class).committedLength());
    device.connection.resume(second);
    expectOpened(device, 2, 50);
  }

  @Test
  void whatCannotBeIsRefused() throws Exception {
    List<Integer> full = ScriptedTarget.stream(PROMPT, CONTEXT - PROMPT.size());
    Resume tooLong = Resume.of(Open.of(1, 2, 0, Sampling.GREEDY, ids(full)));
    for (Resume resume : List.of(tooLong, tooLong.withoutTokens(secret))) {
      device.connection.resume(resume);
      expectError(device, ErrorCode.CONTEXT_FULL);
    }
    Resume early = resume(1, 0, 50);
    Resume empty = Resume.of(Open.of(1, 2, 9, Sampling.GREEDY, TokenIds.EMPTY));
    for (Resume resume : List.of(early, early.withoutTokens(secret), empty)) {
      device.connection.resume(resume);
      expectError(device, ErrorCode.MALFORMED);
    }
    device.connection.resume(Resume.of(Open.of(1, 2, 9, Sampling.GREEDY, TokenIds.of(1, -7))));
    expectError(device, ErrorCode.TOKEN_RANGE);
    Sampling odd = Sampling.GREEDY.withTemperature(Float.NaN);
    device.connection.resume(
        Resume.of(Open.of(1, 2, 9, odd, TokenIds.of(1))).withoutTokens(secret));
    expectError(device, ErrorCode.MALFORMED);

    // One token has room.
    Resume last = Resume.of(Open.of(1, 2, 0, Sampling.GREEDY, ids(full.subList(0, CONTEXT - 1))));
    device.connection.resume(last);
    Opened opened = device.receive(Opened.class);
    assertEquals(CONTEXT, opened.committedLength());
    assertEquals(full.get(CONTEXT - 1), opened.firstToken());
    assertEquals(FinishReason.CONTEXT_FULL, opened.finishReason());
    device.connection.resume(last.withoutTokens(secret));
    expectError(device, ErrorCode.SESSION_EXISTS);
  }

  @Test
  void withoutRoomItIsBusyBeforeAnybodyLooks() throws Exception {
    openUntil(50);
    for (int i = 2; i <= SESSIONS; i++) {
      device.open(i, PROMPT, 10);
      device.receive(Opened.class);
    }
    try (TestDevice again = new TestDevice(transport, daemon.address())) {
      again.connection.resume(resume(1, 2, 50).withoutTokens(secret));
      assertTrue(expectError(again, ErrorCode.BUSY).retryAfterMillis() > 0);
      again.connection.resume(resume(1, 2, 50));
      expectError(again, ErrorCode.BUSY);
      cut();
      again.connection.resume(resume(1, 2, 50).withoutTokens(secret));
      expectOpened(again, 2, 50);
    }
  }

  @Test
  void aServerThatDrainsRefuses() throws Exception {
    openUntil(30);
    Thread drainer =
        new Thread(
            () -> {
              try {
                daemon.drain(Duration.ofSeconds(10));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    try (TestDevice again = new TestDevice(transport, daemon.address())) {
      drainer.start();
      again.receive(GoAway.class);
      again.connection.resume(resume(1, 2, 30).withoutTokens(secret));
      expectError(again, ErrorCode.SHUTTING_DOWN);
      again.connection.resume(resume(1, 2, 30));
      expectError(again, ErrorCode.SHUTTING_DOWN);
      device.receive(GoAway.class);
      expectRest(device, 1, 1, 29); // what is open goes on
    }
    device.close();
    drainer.join(10_000);
    assertFalse(drainer.isAlive());
  }

  @Test
  void aServerThatSharesNothingKnowsNoStream() throws Exception {
    SchedulingConfig usual = SchedulingConfig.DEFAULT;
    SchedulingConfig apart =
        new SchedulingConfig(
            usual.kind(),
            usual.batchSize(),
            usual.batchTimeoutMillis(),
            usual.prefillChunk(),
            usual.prefillShare(),
            usual.tokenMillis(),
            usual.swapBytes(),
            false);
    ScriptedTarget other = new ScriptedTarget(2 * SESSIONS, SESSIONS, CONTEXT);
    try (Daemon discreet = daemon(other, apart);
        TestDevice first = new TestDevice(transport, discreet.address());
        TestDevice second = new TestDevice(transport, discreet.address())) {
      first.connection.resume(resume(1, 2, 50));
      secret = first.receive(Opened.class).secret();
      second.connection.resume(resume(1, 3, 50).withoutTokens(secret));
      expectError(second, ErrorCode.RESUME_TOKENS);
      second.connection.resume(resume(1, 3, 50));
      expectOpened(second, 3, 50);
    }
  }

  /** Over and over, with connections that are cut at every place. */
  @Test
  void aStreamSurvivesAnyNumberOfCuts() throws Exception {
    List<Integer> seen = new ArrayList<>(PROMPT);
    device.open(1, PROMPT, NEW_TOKENS);
    Opened begun = device.receive(Opened.class);
    seen.add(begun.firstToken());
    secret = begun.secret();
    int epoch = 1;
    while (seen.size() < STREAM.size()) {
      device.connection.send(new Push(1, epoch, seen.size() - 1, 3)); // perhaps lost
      device.close();
      device = new TestDevice(transport, daemon.address());
      device.connection.resume(
          Resume.of(Open.of(1, ++epoch, STREAM.size() - seen.size(), Sampling.GREEDY, ids(seen)))
              .withoutTokens(secret));
      Object answer = device.receive(Object.class);
      if (answer instanceof ErrorMessage error && error.code() == ErrorCode.BUSY) {
        continue; // the server has not seen all ends of connections yet
      }
      Opened opened = assertInstanceOf(Opened.class, answer);
      assertEquals(epoch, opened.epoch());
      seen.add(opened.firstToken());
    }
    assertEquals(STREAM, seen);
  }
}
