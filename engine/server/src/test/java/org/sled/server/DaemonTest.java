package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.sled.net.client.ClientTransport;
import org.sled.net.client.HandshakeRefusedException;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.GoAway;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenBias;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.VerdictStatus;
import org.sled.server.verify.AbandonedPrompts;

/** The daemon over real sockets, with a scripted target. */
class DaemonTest {
  private static final int SESSIONS = 4;
  private static final int CONTEXT = 200;
  private static final List<Integer> PROMPT = List.of(5, 6, 7, 8);

  private final ScriptedTarget target = new ScriptedTarget(2 * SESSIONS, SESSIONS, CONTEXT);
  private ClientTransport transport;
  private Daemon daemon;
  private TestDevice device;

  @BeforeEach
  void start() throws Exception {
    daemon = ScriptedDaemon.start(target);
    transport = new ClientTransport(1);
    device = new TestDevice(transport, daemon.address());
  }

  @AfterEach
  void stop() {
    device.close();
    transport.close();
    daemon.close();
    assertTrue(target.closed);
    assertEquals(0, daemon.stats().sessionsInUse());
  }

  @Test
  void theFirstTokenComesWithOpened() throws Exception {
    device.open(1, PROMPT, 10);
    Opened opened = device.receive(Opened.class);
    assertEquals(PROMPT.size() + 1, opened.committedLength());
    assertEquals(ScriptedTarget.next(PROMPT), opened.firstToken());
    assertEquals(FinishReason.NONE, opened.finishReason());
  }

  @Test
  void blocksOfEveryLengthGiveTheTargetsStream() throws Exception {
    Random random = new Random(1);
    List<Integer> expected = ScriptedTarget.stream(PROMPT, 150);
    device.open(1, PROMPT, 150);
    Opened opened = device.receive(Opened.class);
    List<Integer> tokens = new ArrayList<>(PROMPT);
    tokens.add(opened.firstToken());
    int round = 0;
    FinishReason finish = FinishReason.NONE;
    while (finish == FinishReason.NONE) {
      int count = random.nextInt(17);
      int right = random.nextInt(17);
      int[] rows = new int[1 + count];
      rows[0] = tokens.get(tokens.size() - 1);
      for (int i = 0; i < count; i++) {
        int position = tokens.size() + i;
        rows[1 + i] = i < right && position < expected.size() ? expected.get(position) : 3;
      }
      // The context has 200 tokens: what reaches beyond would be refused.
      device.draft(1, ++round, 1, tokens.size() - 1, 0, rows);
      TestDevice.Verdict verdict = device.receive(TestDevice.Verdict.class);
      assertEquals(round, verdict.round());
      assertEquals(VerdictStatus.VERIFIED, verdict.status());
      for (int i = 0; i < verdict.accepted(); i++) {
        tokens.add(rows[1 + i]);
      }
      tokens.add(verdict.nextToken());
      assertEquals(tokens.size(), verdict.committedLength());
      finish = verdict.finish();
    }
    assertEquals(FinishReason.LENGTH, finish);
    assertEquals(expected, tokens);
  }

  @Test
  void aHangingStepShowsAndAnIdleOneDoesNot() throws Exception {
    Duration patience = Duration.ofMillis(500);
    Thread.sleep(2 * patience.toMillis()); // idle for longer than that
    awaitResponsive(true, patience);
    target.stepNanos = 6 * patience.toNanos();
    device.open(1, PROMPT, 10);
    awaitResponsive(false, patience); // in a step for longer than the patience
    assertTrue(daemon.isResponsive(patience.multipliedBy(100)), "patience is what decides");
    target.stepNanos = 0;
    device.receive(Opened.class);
    awaitResponsive(true, patience); // works again
    daemon.close();
    assertFalse(daemon.isResponsive(patience.multipliedBy(100)), "has ended");
  }

  /** Not at once: on a busy machine any thread may have to wait. */
  private void awaitResponsive(boolean expected, Duration patience) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (daemon.isResponsive(patience) != expected && System.nanoTime() - end < 0) {
      Thread.sleep(10);
    }
    assertEquals(expected, daemon.isResponsive(patience));
  }

  @Test
  void aDuplicateIsAnsweredAgainWithTheSame() throws Exception {
    device.open(1, PROMPT, 50);
    int first = device.receive(Opened.class).firstToken();
    List<Integer> expected = ScriptedTarget.stream(PROMPT, 50);
    int[] rows = {first, expected.get(5), expected.get(6), 3};
    device.draft(1, 1, 1, 4, 0, rows);
    TestDevice.Verdict original = device.receive(TestDevice.Verdict.class);
    assertEquals(2, original.accepted());
    assertEquals(3, original.verified());
    device.draft(1, 1, 1, 4, 0, rows);
    TestDevice.Verdict again = device.receive(TestDevice.Verdict.class);
    assertEquals(VerdictStatus.REPEATED, again.status());
    assertEquals(original.accepted(), again.accepted());
    assertEquals(original.nextToken(), again.nextToken());
    assertEquals(original.committedLength(), again.committedLength());
  }

  @Test
  void aWindowOfBlocksGoesOnOrIsStale() throws Exception {
    device.open(1, PROMPT, 50);
    int first = device.receive(Opened.class).firstToken();
    List<Integer> e = ScriptedTarget.stream(PROMPT, 50);
    // Sent at once: the second starts where the first ends if all of it is right.
    device.draft(1, 1, 1, 4, 0, first, e.get(5), e.get(6));
    device.draft(1, 2, 1, 7, 1, e.get(7), e.get(8), 3);
    device.draft(1, 3, 1, 10, 2, e.get(10), e.get(11));
    TestDevice.Verdict one = device.receive(TestDevice.Verdict.class);
    TestDevice.Verdict two = device.receive(TestDevice.Verdict.class);
    TestDevice.Verdict three = device.receive(TestDevice.Verdict.class);
    assertEquals(VerdictStatus.VERIFIED, one.status());
    assertEquals(2, one.accepted());
    assertEquals(e.get(7), one.nextToken());
    assertEquals(VerdictStatus.VERIFIED, two.status());
    assertEquals(1, two.accepted());
    assertEquals(VerdictStatus.STALE, three.status());
    assertEquals(10, three.committedLength());
  }

  @Test
  void wrongBlocksAreRefusedAndTheSessionGoesOn() throws Exception {
    device.open(1, PROMPT, 50);
    int first = device.receive(Opened.class).firstToken();
    device.draft(1, 1, 2, 4, 0, first);
    assertEquals(ErrorCode.EPOCH, device.receive(ErrorMessage.class).code());
    device.draft(1, 1, 1, 5, 0, first);
    assertEquals(ErrorCode.OFFSET, device.receive(ErrorMessage.class).code());
    device.draft(1, 1, 1, Integer.MAX_VALUE, 0, first);
    assertEquals(ErrorCode.OFFSET, device.receive(ErrorMessage.class).code());
    device.draft(1, 1, 1, 4, 0, first, ScriptedTarget.VOCABULARY);
    assertEquals(ErrorCode.TOKEN_RANGE, device.receive(ErrorMessage.class).code());
    device.draft(1, 1, 1, 4, 0, first, -1);
    assertEquals(ErrorCode.TOKEN_RANGE, device.receive(ErrorMessage.class).code());
    device.draft(1, 1, 1, 4, 0, new int[64]);
    assertEquals(ErrorCode.BLOCK_TOO_LONG, device.receive(ErrorMessage.class).code());
    device.draft(9, 1, 1, 4, 0, first);
    assertEquals(ErrorCode.UNKNOWN_SESSION, device.receive(ErrorMessage.class).code());
    device.draft(1, 1, 0, 4, 0, first); // an older epoch is late, not wrong
    device.draft(1, 1, 1, 4, 0, first);
    assertEquals(VerdictStatus.VERIFIED, device.receive(TestDevice.Verdict.class).status());
  }

  @Test
  void pushGivesTheTargetsStreamAndStopsAtItsCredit() throws Exception {
    List<Integer> expected = ScriptedTarget.stream(PROMPT, 20);
    device.open(1, PROMPT, 20);
    device.receive(Opened.class);
    device.connection.send(new Push(1, 1, 4, 7));
    for (int i = 0; i < 7; i++) {
      TestDevice.Tokens tokens = device.receive(TestDevice.Tokens.class);
      assertEquals(5 + i, tokens.firstPosition());
      assertEquals(List.of(expected.get(5 + i)), tokens.ids());
    }
    assertTrue(device.isSilentFor(100));
    device.connection.send(new Push(1, 1, 11, 100));
    FinishReason finish = FinishReason.NONE;
    int position = 12;
    while (finish == FinishReason.NONE) {
      TestDevice.Tokens tokens = device.receive(TestDevice.Tokens.class);
      assertEquals(expected.get(position++), tokens.ids().get(0));
      finish = tokens.finish();
    }
    assertEquals(FinishReason.LENGTH, finish);
    assertEquals(expected.size(), position);
  }

  @Test
  void aPushIsTakenBackAndABlockFollows() throws Exception {
    target.stepNanos = 10_000_000;
    List<Integer> expected = ScriptedTarget.stream(PROMPT, 200);
    device.open(1, PROMPT, 200);
    device.receive(Opened.class);
    device.connection.send(new Push(1, 1, 4, 1000));
    device.receive(TestDevice.Tokens.class);
    device.connection.send(new Push(1, 1, 4, 0));
    int committed = 6;
    TestDevice.Tokens tokens = device.receive(TestDevice.Tokens.class);
    while (!tokens.ids().isEmpty()) {
      assertEquals(committed++, tokens.firstPosition());
      tokens = device.receive(TestDevice.Tokens.class);
    }
    assertEquals(committed, tokens.firstPosition());
    assertEquals(FinishReason.NONE, tokens.finish());
    assertTrue(committed < 30, "the push went on: " + committed);
    assertTrue(device.isSilentFor(100), "no token comes behind that answer");
    int newest = expected.get(committed - 1);
    device.draft(1, 1, 1, committed - 1, 0, newest, expected.get(committed));
    TestDevice.Verdict verdict = device.receive(TestDevice.Verdict.class);
    assertEquals(VerdictStatus.VERIFIED, verdict.status());
    assertEquals(1, verdict.accepted());
    device.connection.send(new Push(1, 1, 4, 0));
    tokens = device.receive(TestDevice.Tokens.class);
    assertEquals(List.of(), tokens.ids(), "nothing to take back");
    assertEquals(committed + 2, tokens.firstPosition());
  }

  @Test
  void theContextEndsTheStreamWhereItIsFull() throws Exception {
    device.open(1, PROMPT, 0);
    device.receive(Opened.class);
    device.connection.send(new Push(1, 1, 4, Integer.MAX_VALUE));
    TestDevice.Tokens tokens;
    do {
      tokens = device.receive(TestDevice.Tokens.class);
    } while (tokens.finish() == FinishReason.NONE);
    assertEquals(FinishReason.CONTEXT_FULL, tokens.finish());
    assertEquals(CONTEXT - 1, tokens.firstPosition());
  }

  @Test
  void moreSessionsThanThereAreIsBusyUntilOneCloses() throws Exception {
    for (int i = 1; i <= SESSIONS; i++) {
      device.open(i, PROMPT, 10);
      device.receive(Opened.class);
    }
    try (TestDevice other = new TestDevice(transport, daemon.address())) {
      other.open(1, PROMPT, 10);
      ErrorMessage busy = other.receive(ErrorMessage.class);
      assertEquals(ErrorCode.BUSY, busy.code());
      assertTrue(busy.retryAfterMillis() > 0);
      device.connection.send(new Close(2, 1));
      assertEquals(PROMPT.size() + 1, device.receive(Closed.class).committedLength());
      other.open(1, PROMPT, 10);
      other.receive(Opened.class);
    }
    assertEquals(1, daemon.stats().busyAnswers());
  }

  @Test
  void anOpenWhoseCloseIsThereAlreadyIsNotBegun() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    try {
      device.open(1, PROMPT, 10);
      int first = device.receive(Opened.class).firstToken();
      target.blocksOn = gate;
      device.draft(1, 1, 1, 4, 0, first, 3);
      awaitSteps(target, 2);
      device.open(2, PROMPT, 10);
      device.connection.send(new Close(2, 1));
      device.open(2, PROMPT, 10); // its id is free at once
      device.connection.send(new Close(2, 1));
      device.connection.send(new Cancel(77, 1)); // the event loop answers that, behind the others
      assertEquals(ErrorCode.UNKNOWN_SESSION, device.receive(ErrorMessage.class).code());
    } finally {
      gate.countDown();
    }
    device.receive(TestDevice.Verdict.class);
    assertEquals(0, device.receive(Closed.class).committedLength());
    assertEquals(0, device.receive(Closed.class).committedLength());
    assertEquals(1, daemon.stats().sessionsOpened());
    device.open(2, PROMPT, 10);
    device.receive(Opened.class);
  }

  @Test
  void promptsThatAreAbandonedAgainAndAgainAreNotBegun() throws Exception {
    ScriptedTarget roomy = new ScriptedTarget(2 * SESSIONS, SESSIONS, 3_000);
    List<Integer> manySteps = Collections.nCopies(2_000, 5);
    try (Daemon server = ScriptedDaemon.start(roomy);
        TestDevice hasty = new TestDevice(transport, server.address());
        TestDevice other = new TestDevice(transport, server.address())) {
      for (int i = 1; i <= AbandonedPrompts.MOST; i++) {
        CountDownLatch gate = new CountDownLatch(1);
        roomy.blocksOn = gate;
        hasty.open(1, manySteps, 10);
        awaitSteps(roomy, i);
        hasty.connection.send(new Close(1, 1));
        hasty.connection.send(new Cancel(77, 1)); // the event loop answers that, behind the other
        assertEquals(ErrorCode.UNKNOWN_SESSION, hasty.receive(ErrorMessage.class).code());
        roomy.blocksOn = null;
        gate.countDown();
        hasty.receive(Closed.class);
        assertEquals(i, roomy.steps.get()); // the rest of the prompt is not computed
      }
      hasty.open(1, manySteps, 10);
      ErrorMessage busy = hasty.receive(ErrorMessage.class);
      assertEquals(ErrorCode.BUSY, busy.code());
      assertTrue(busy.retryAfterMillis() > 0, busy::toString);
      assertEquals(1, server.stats().busyAnswers());
      other.open(1, manySteps, 10);
      other.receive(Opened.class);
    }
  }

  private static void awaitSteps(ScriptedTarget target, int count) throws InterruptedException {
    for (int i = 0; i < 500 && target.steps.get() < count; i++) {
      Thread.sleep(10);
    }
    assertEquals(count, target.steps.get());
  }

  @Test
  void aClientThatVanishesMidRoundFreesItsSequences() throws Exception {
    target.stepNanos = 20_000_000;
    for (int i = 1; i <= SESSIONS; i++) {
      device.open(i, PROMPT, 10);
    }
    for (int i = 1; i <= SESSIONS; i++) {
      device.receive(Opened.class);
    }
    for (int i = 1; i <= SESSIONS; i++) {
      device.draft(i, 1, 1, 4, 0, ScriptedTarget.next(PROMPT), 1, 2, 3);
    }
    device.close();
    for (int i = 0; i < 500 && target.openSessions.get() > 0; i++) {
      Thread.sleep(10);
    }
    assertEquals(0, target.openSessions.get());
    target.stepNanos = 0;
    try (TestDevice other = new TestDevice(transport, daemon.address())) {
      other.open(1, PROMPT, 10);
      other.receive(Opened.class);
    }
  }

  @Test
  void aSessionThatCannotBeComputedDoesNotTakeOthersWithIt() throws Exception {
    target.poison.add(666);
    target.stepNanos = 5_000_000; // so that they meet in one step
    List<Integer> expected = ScriptedTarget.stream(PROMPT, 30);
    device.open(1, PROMPT, 30);
    device.receive(Opened.class);
    device.connection.send(new Push(1, 1, 4, 100));
    try (TestDevice other = new TestDevice(transport, daemon.address())) {
      other.open(1, List.of(1, 2, 666), 10);
      assertEquals(ErrorCode.INTERNAL, other.receive(ErrorMessage.class).code());
    }
    for (int i = 5; i < expected.size(); i++) {
      assertEquals(expected.get(i), device.receive(TestDevice.Tokens.class).ids().get(0));
    }
  }

  @Test
  void aSessionThatFailsOnlyAfterItsLongPromptIsFoundToo() throws Exception {
    target.poison.add(666);
    target.poisonsAnswersOnly = true;
    target.stepNanos = 2_000_000;
    List<Integer> prompt = new ArrayList<>();
    for (int i = 0; i < 120; i++) {
      prompt.add(i);
    }
    List<Integer> expected = ScriptedTarget.stream(prompt, 60);
    device.open(1, prompt, 60);
    device.receive(Opened.class);
    device.connection.send(new Push(1, 1, 120, 100));
    prompt.set(60, 666);
    try (TestDevice other = new TestDevice(transport, daemon.address())) {
      other.open(1, prompt, 10);
      assertEquals(ErrorCode.INTERNAL, other.receive(ErrorMessage.class).code());
    }
    for (int i = 121; i < expected.size(); i++) {
      assertEquals(expected.get(i), device.receive(TestDevice.Tokens.class).ids().get(0));
    }
  }

  @Test
  void closeBetweenThePiecesOfAPromptIsAnswered() throws Exception {
    device.connection.send(
        new Open(1, 1, 10, Open.MORE_PROMPT, Sampling.GREEDY, 4, TokenIds.of(5, 6)));
    device.connection.send(new Close(1, 1));
    assertEquals(0, device.receive(Closed.class).committedLength());
    device.open(1, PROMPT, 10);
    device.receive(Opened.class);
  }

  /** More sessions than sequences: their K/V goes and comes back, their text does not change. */
  @Test
  void moreSessionsThanSequences() throws Exception {
    ScriptedTarget crowded = new ScriptedTarget(40 + 3, 3, CONTEXT);
    try (Daemon many = ScriptedDaemon.start(crowded);
        TestDevice crowd = new TestDevice(transport, many.address())) {
      List<List<Integer>> expected = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        List<Integer> prompt = new ArrayList<>();
        for (int k = 0; k < 30; k++) {
          prompt.add(k < 20 ? k : i * 7 + k);
        }
        expected.add(ScriptedTarget.stream(prompt, 12));
        crowd.open(i + 1, prompt, 12);
        Opened opened = crowd.receive(Opened.class);
        assertEquals(expected.get(i).get(30), opened.firstToken());
      }
      for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 40; i++) {
          List<Integer> text = expected.get(i);
          int at = 31 + 2 * round;
          crowd.draft(i + 1, round + 1, 1, at - 1, 0, text.get(at - 1), text.get(at));
          TestDevice.Verdict verdict = crowd.receive(TestDevice.Verdict.class);
          assertEquals(1, verdict.accepted());
          assertEquals(text.get(at + 1), verdict.nextToken());
        }
      }
      assertTrue(many.stats().swappedOut() > 100, "swapped " + many.stats().swappedOut());
    }
  }

  @Test
  void aLongPromptIsComputedInChunksBesideOthers() throws Exception {
    List<Integer> prompt = new ArrayList<>();
    for (int i = 0; i < 190; i++) {
      prompt.add(i);
    }
    device.open(1, prompt, 0);
    Opened opened = device.receive(Opened.class);
    assertEquals(191, opened.committedLength());
    assertEquals(ScriptedTarget.next(prompt), opened.firstToken());
    assertTrue(target.steps.get() >= 4); // of 63 rows at most
  }

  @Test
  void promptsInPiecesAndWrongOnes() throws Exception {
    int more = Open.MORE_PROMPT;
    device.connection.send(new Open(1, 1, 10, more, Sampling.GREEDY, 4, TokenIds.of(5, 6)));
    device.connection.send(new Open(1, 1, 10, 0, Sampling.GREEDY, 4, TokenIds.of(7, 8)));
    assertEquals(ScriptedTarget.next(PROMPT), device.receive(Opened.class).firstToken());

    device.connection.send(new Open(2, 1, 10, 0, Sampling.GREEDY, 4, TokenIds.of(5, 6)));
    assertEquals(ErrorCode.MALFORMED, device.receive(ErrorMessage.class).code());
    device.connection.send(new Open(2, 1, 10, 0, Sampling.GREEDY, 0, TokenIds.EMPTY));
    assertEquals(ErrorCode.MALFORMED, device.receive(ErrorMessage.class).code());
    device.connection.send(new Open(2, 1, 10, 0, Sampling.GREEDY, 1, TokenIds.of(-7)));
    assertEquals(ErrorCode.TOKEN_RANGE, device.receive(ErrorMessage.class).code());
    device.connection.send(new Open(2, 1, 10, more, Sampling.GREEDY, CONTEXT, TokenIds.of(1)));
    assertEquals(ErrorCode.PROMPT_TOO_LONG, device.receive(ErrorMessage.class).code());
    device.open(1, PROMPT, 10);
    assertEquals(ErrorCode.SESSION_EXISTS, device.receive(ErrorMessage.class).code());
  }

  @Test
  void samplingParametersReachTheTargetAsTheyCame() throws Exception {
    Sampling sampling =
        new Sampling(
            0.8f, 40, 0.9f, 0.05f, 1.1f, 0.5f, 0.25f, -1, -7L, List.of(new TokenBias(999, -100f)));
    device.connection.open(Open.of(1, 1, 10, sampling, TokenIds.of(1)));
    device.receive(Opened.class);
    assertEquals(sampling, target.lastSampling);
  }

  @Test
  void samplingParametersOutOfRangeAreRefusedByName() throws Exception {
    Sampling warm = Sampling.GREEDY.withTemperature(0.8f);
    device.connection.open(Open.of(1, 1, 10, warm.withTemperature(Float.NaN), TokenIds.of(1)));
    ErrorMessage error = device.receive(ErrorMessage.class);
    assertEquals(ErrorCode.MALFORMED, error.code());
    assertTrue(!error.fatal() && error.text().contains("temperature is NaN"), error::text);

    device.connection.open(Open.of(1, 1, 10, warm.withFilters(0, 1.5f, 0f), TokenIds.of(1)));
    error = device.receive(ErrorMessage.class);
    assertEquals(ErrorCode.MALFORMED, error.code());
    assertTrue(error.text().contains("top-p is 1.5"), error::text);

    Sampling biased = warm.withLogitBias(List.of(new TokenBias(ScriptedTarget.VOCABULARY, 1f)));
    device.connection.open(Open.of(1, 1, 10, biased, TokenIds.of(1)));
    error = device.receive(ErrorMessage.class);
    assertEquals(ErrorCode.TOKEN_RANGE, error.code());
    assertTrue(error.text().contains("logit-bias is for token 1000"), error::text);

    device.connection.open(Open.of(1, 1, 10, warm, TokenIds.of(1))); // the connection goes on
    device.receive(Opened.class);
  }

  @Test
  void welcomeSaysWhetherNumericsAreExact() {
    assertTrue(device.connection.welcome().hasExactNumerics());
  }

  @Test
  void cancelDropsWhatWaitsAndTheSessionGoesOn() throws Exception {
    target.stepNanos = 10_000_000;
    device.open(1, PROMPT, 100);
    device.receive(Opened.class);
    device.connection.send(new Push(1, 1, 4, 1000));
    device.receive(TestDevice.Tokens.class);
    device.connection.send(new Cancel(1, 1));
    int committed = 6;
    for (Object next = null; ; ) {
      device.connection.send(new Close(1, 1));
      while (!(next instanceof Closed)) {
        next = device.receive(Object.class);
        committed += next instanceof TestDevice.Tokens ? 1 : 0;
      }
      assertEquals(committed, ((Closed) next).committedLength());
      assertTrue(committed < 20, "the push went on: " + committed);
      return;
    }
  }

  @Test
  void anotherVocabularyIsRefusedAndTheDifferenceNamed() {
    Hello hello = Hello.of(new TokenizerFingerprint(1500, 1, 2, 3, 4), "", "test");
    HandshakeRefusedException refused =
        assertThrows(
            HandshakeRefusedException.class,
            () -> new TestDevice(transport, daemon.address(), hello));
    assertTrue(refused.getMessage().contains("vocabulary size 1500 vs 1000"), refused::getMessage);
  }

  @Test
  void aPortInUseIsSaid() {
    IOException e =
        assertThrows(
            IOException.class,
            () ->
                Daemon.start(
                    ServerConfig.of(Path.of("scripted"))
                        .listen("127.0.0.1", daemon.address().getPort())
                        .conclude()));
    assertTrue(e.getMessage().contains("cannot listen on 127.0.0.1"), e::getMessage);
  }

  @Test
  void drainingTellsClientsAndTakesNoNewSessions() throws Exception {
    device.open(1, PROMPT, 100);
    device.receive(Opened.class);
    Thread drainer =
        new Thread(
            () -> {
              try {
                daemon.drain(Duration.ofSeconds(10));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    drainer.start();
    assertEquals(ErrorCode.SHUTTING_DOWN, device.receive(GoAway.class).reason());
    device.open(2, PROMPT, 10);
    assertEquals(ErrorCode.SHUTTING_DOWN, device.receive(ErrorMessage.class).code());
    device.draft(1, 1, 1, 4, 0, ScriptedTarget.next(PROMPT));
    device.receive(TestDevice.Verdict.class);
    device.close();
    drainer.join(10_000);
    assertTrue(!drainer.isAlive());
  }
}
