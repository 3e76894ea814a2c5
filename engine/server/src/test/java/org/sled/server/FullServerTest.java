package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.sled.net.client.ClientTransport;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.GoAway;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.Waiting;
import org.sled.server.observe.BusyKind;
import org.sled.server.observe.ServerStats;
import org.sled.server.verify.Admission;

/** More sessions are asked for than there are, over real sockets, with a scripted target. */
class FullServerTest {
  private static final int SESSIONS = 2;
  private static final int WAITING = 4;
  private static final int CONTEXT = 200;

  private final ScriptedTarget target = new ScriptedTarget(2 * SESSIONS, SESSIONS, CONTEXT);
  private final ClientTransport transport = new ClientTransport(1);
  private final List<TestDevice> devices = new ArrayList<>();
  private Daemon daemon;
  private TestDevice first;

  @BeforeEach
  void start() throws Exception {
    daemon = ScriptedDaemon.start(target, config -> config.waiting(WAITING));
    first = device();
    for (int session = 1; session <= SESSIONS; session++) {
      first.open(session, List.of(session, 2, 3), 0);
      first.receive(Opened.class);
    }
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    devices.forEach(TestDevice::close);
    for (int i = 0; i < 500 && daemon.stats().sessionsInUse() > 0; i++) {
      Thread.sleep(10);
    }
    assertEquals(0, daemon.stats().sessionsInUse());
    assertEquals(0, waiting());
    transport.close();
    daemon.close();
  }

  private TestDevice device() throws Exception {
    TestDevice device = new TestDevice(transport, daemon.address());
    devices.add(device);
    return device;
  }

  private long waiting() {
    return daemon.counters().sessionsWaiting.get();
  }

  private static Open open(int session, int flags, int... prompt) {
    return new Open(session, 1, 0, flags, Sampling.GREEDY, prompt.length, TokenIds.of(prompt));
  }

  /** Asks for a session, and is told a place. */
  private static void askAndWait(TestDevice device, int session, int place) throws Exception {
    device.connection.open(open(session, Open.WAIT, 9, session, 7));
    Waiting waiting = device.receive(Waiting.class);
    assertEquals(session, waiting.session());
    assertEquals(place, waiting.place());
  }

  private static void expectRoom(TestDevice device, int session) throws Exception {
    Object event = device.receive(Waiting.class);
    while (((Waiting) event).place() > 0) { // a better place, before
      event = device.receive(Waiting.class);
    }
    assertEquals(session, ((Waiting) event).session());
    assertEquals(session, device.receive(Opened.class).session());
  }

  private void free(int session) throws Exception {
    first.connection.send(new Close(session, 1));
    first.receive(Closed.class);
  }

  @Test
  void whoWantsToWaitsInOrder() throws Exception {
    TestDevice second = device();
    TestDevice third = device();
    askAndWait(second, 1, 1);
    askAndWait(third, 1, 2);
    assertEquals(2, waiting());
    free(1);
    expectRoom(second, 1);
    Waiting better = third.receive(Waiting.class); // a second later at most
    assertEquals(1, better.place());
    assertTrue(better.estimateMillis() > 0, "sessions have ended by now");
    free(2);
    expectRoom(third, 1);
    assertEquals(0, waiting());
    assertEquals(2, daemon.stats().sessionsInUse());
  }

  @Test
  void connectionsTakeTurns() throws Exception {
    TestDevice much = device();
    TestDevice little = device();
    askAndWait(much, 1, 1);
    askAndWait(much, 2, 2);
    askAndWait(little, 1, 2); // before the second one of the other
    free(1);
    expectRoom(much, 1);
    free(2);
    expectRoom(little, 1);
    little.connection.send(new Close(1, 1));
    little.receive(Closed.class);
    expectRoom(much, 2);
  }

  @Test
  void nobodyComesBeforeThoseWhoWait() throws Exception {
    TestDevice second = device();
    askAndWait(second, 1, 1);
    TestDevice third = device();
    // Both come at once: what gets free is for the one that waits.
    first.connection.send(new Close(1, 1));
    third.connection.open(open(1, 0, 5, 6));
    expectRoom(second, 1);
    assertEquals(ErrorCode.BUSY, third.receive(ErrorMessage.class).code());
  }

  @Test
  void whoDoesNotWaitIsTold() throws Exception {
    TestDevice second = device();
    second.connection.open(open(1, 0, 5, 6));
    ErrorMessage busy = second.receive(ErrorMessage.class);
    assertEquals(ErrorCode.BUSY, busy.code());
    assertTrue(busy.text().contains("all 2 sessions"), busy::text);
    assertTrue(busy.retryAfterMillis() >= Admission.SHORTEST_RETRY_MILLIS);
    int before = busy.retryAfterMillis();
    // Each connection may have as many as there are sessions, open and waiting.
    TestDevice third = device();
    TestDevice fourth = device();
    for (int i = 0; i < WAITING / 2; i++) {
      askAndWait(third, i + 1, 2 * i + 1);
      askAndWait(fourth, i + 1, 2 * i + 2);
    }
    second.connection.open(open(1, Open.WAIT, 5, 6));
    busy = second.receive(ErrorMessage.class);
    assertEquals(ErrorCode.BUSY, busy.code());
    assertTrue(busy.text().contains("4 wait"), busy::text);
    assertTrue(
        busy.retryAfterMillis() >= 4 * before, before + " ms, then " + busy.retryAfterMillis());
    third.connection.open(open(9, Open.WAIT, 5, 6));
    busy = third.receive(ErrorMessage.class);
    assertEquals(ErrorCode.BUSY, busy.code());
    assertTrue(busy.text().contains("this connection has 2"), busy::text);
    ServerStats stats = daemon.counters();
    assertEquals(2, stats.busyAnswers(BusyKind.FULL));
    assertEquals(1, stats.busyAnswers(BusyKind.CONNECTION));
    assertEquals(3, daemon.stats().busyAnswers());
  }

  @Test
  void whoLeavesMakesWay() throws Exception {
    TestDevice second = device();
    TestDevice third = device();
    TestDevice fourth = device();
    askAndWait(second, 1, 1);
    askAndWait(second, 2, 2);
    askAndWait(third, 1, 2);
    askAndWait(fourth, 1, 3);
    second.connection.send(new Close(1, 1));
    assertEquals(0, second.receive(Closed.class).committedLength());
    second.connection.send(new Cancel(2, 1));
    third.close();
    for (int i = 0; i < 500 && waiting() > 1; i++) {
      Thread.sleep(10);
    }
    assertEquals(1, waiting());
    free(1);
    expectRoom(fourth, 1);
    // Ids may be used again.
    askAndWait(second, 1, 1);
    askAndWait(second, 2, 2);
    assertEquals(3, daemon.counters().waitsGivenUp.get());
  }

  @Test
  void aStreamThatGoesOnWaitsAsWell() throws Exception {
    List<Integer> prompt = List.of(5, 6, 7, 8);
    free(1);
    TestDevice second = device();
    second.open(1, prompt, 50);
    Opened opened = second.receive(Opened.class);
    second.close();
    for (int i = 0; i < 500 && daemon.stats().sessionsInUse() > 1; i++) {
      Thread.sleep(10);
    }
    first.open(9, List.of(4, 5), 0);
    first.receive(Opened.class);
    List<Integer> seen = ScriptedTarget.stream(prompt, 1);
    int[] ids = seen.stream().mapToInt(Integer::intValue).toArray();
    Resume resume =
        Resume.of(new Open(1, 2, 49, Open.WAIT, Sampling.GREEDY, ids.length, TokenIds.of(ids)));
    TestDevice third = device();
    third.connection.resume(resume); // with tokens
    assertEquals(1, third.receive(Waiting.class).place());
    // The server may have forgotten the stream: that is said before the wait.
    TestDevice fourth = device();
    fourth.connection.resume(resume.withoutTokens(opened.secret()));
    Object answer = fourth.receive(Object.class);
    if (answer instanceof ErrorMessage error) {
      assertEquals(ErrorCode.RESUME_TOKENS, error.code());
    } else {
      assertEquals(2, ((Waiting) answer).place());
    }
    free(2);
    expectRoom(third, 1);
  }

  @Test
  void aServerThatDrainsSendsThoseAwayWhoWait() throws Exception {
    TestDevice second = device();
    askAndWait(second, 1, 1);
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
    Object event = second.receive(Object.class);
    while (event instanceof GoAway) {
      event = second.receive(Object.class);
    }
    assertEquals(ErrorCode.SHUTTING_DOWN, ((ErrorMessage) event).code());
    first.receive(GoAway.class);
    devices.forEach(TestDevice::close);
    drainer.join(20_000);
  }
}
