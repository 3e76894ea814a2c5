package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.device.draft.DraftPolicy;

/** Servers without room: who waits, where, and for how long. */
@Timeout(60)
final class BusyTest {
  private static final int[] PROMPT = {5, 6, 7, 8};
  private static final int TOKENS = 40;

  private ScriptedServer server;
  private ScriptedServer other;

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
    other = new ScriptedServer();
  }

  @AfterEach
  void stop() {
    server.close();
    other.close();
  }

  /** What a listener hears. */
  private static final class Ear implements GenerationListener {
    final List<String> heard = Collections.synchronizedList(new ArrayList<>());
    final CountDownLatch waits = new CountDownLatch(1);
    final List<Integer> text = new ArrayList<>();

    @Override
    public void tokens(long nanos, int... tokens) {
      IntStream.of(tokens).forEach(text::add);
      if (heard.isEmpty() || !heard.get(heard.size() - 1).equals("tokens")) {
        heard.add("tokens");
      }
    }

    @Override
    public void waiting(int place, long estimateMillis) {
      heard.add("place " + place);
      waits.countDown();
    }

    @Override
    public void admitted() {
      heard.add("admitted");
    }
  }

  private SledClient.Builder builder(ScriptedServer... servers) {
    return SledClient.builder()
        .draftPolicy(DraftPolicy.FIXED)
        .serverKey("always the same")
        .servers(
            List.of(servers).stream()
                .map(s -> InetSocketAddress.createUnresolved("127.0.0.1", s.port()))
                .toList())
        .drafter(ScriptedServer.FINGERPRINT, c -> new ScriptedDrafter(1, 80, -1, c));
  }

  private static GenerationRequest request() {
    return GenerationRequest.of(PROMPT).withMaxTokens(TOKENS).withDraftTokens(4);
  }

  private static List<Integer> read(Generation generation) throws InterruptedException {
    return IntStream.of(generation.remainingTokens()).boxed().toList();
  }

  private static List<Integer> expected() {
    return ScriptedText.stream(PROMPT, TOKENS, -1);
  }

  @Test
  void itWaitsInTheServersLine() throws Exception {
    server.line.set(3);
    Ear ear = new Ear();
    try (SledClient client = builder(server).connect();
        Generation generation = client.start(request(), ear)) {
      assertTrue(ear.waits.await(20, TimeUnit.SECONDS));
      Thread.sleep(200);
      server.advanceLine();
      server.advanceLine();
      server.advanceLine();
      assertEquals(List.of(), read(generation));
      assertEquals(expected(), ear.text);
      assertEquals(List.of("place 3", "place 2", "place 1", "admitted", "tokens"), ear.heard);
      assertTrue(
          generation.stats().timeToFirstTokenNanos() >= 200_000_000L, "waiting is part of it");
    }
  }

  /** As servers from before WAITING do, and others when their line is full. */
  @Test
  void whereThereIsNoLineItComesAgain() throws Exception {
    server.busyOpens.set(2);
    Ear ear = new Ear();
    long startNanos = System.nanoTime();
    try (SledClient client = builder(server).connect();
        Generation generation = client.start(request(), ear)) {
      assertEquals(List.of(), read(generation));
      assertEquals(expected(), ear.text);
      assertEquals(List.of("place 0", "place 0", "admitted", "tokens"), ear.heard);
      assertTrue(System.nanoTime() - startNanos >= 2 * 250_000_000L, "not before it was told to");
      assertTrue(server.lastOpen.waits());
    }
  }

  @Test
  void anotherServerIsTriedFirst() throws Exception {
    try (SledClient probe = builder(server, other).connect()) {
      ScriptedServer preferred = server.connections() > 0 ? server : other;
      ScriptedServer second = preferred == server ? other : server;
      preferred.busyOpens.set(1);
      Ear ear = new Ear();
      try (Generation generation = probe.start(request(), ear)) {
        assertEquals(List.of(), read(generation));
        assertEquals(expected(), ear.text);
      }
      assertEquals(List.of("tokens"), ear.heard, "nobody waited");
      assertTrue(probe.server().address().endsWith(":" + second.port()));
      assertTrue(!second.lastOpen.waits(), "only asked");
    }
  }

  @Test
  void ifAllAreFullItWaitsAtThePreferredOne() throws Exception {
    try (SledClient client = builder(server, other).connect()) {
      ScriptedServer preferred = server.connections() > 0 ? server : other;
      ScriptedServer second = preferred == server ? other : server;
      preferred.line.set(1);
      second.line.set(1);
      Ear ear = new Ear();
      try (Generation generation = client.start(request(), ear)) {
        assertTrue(ear.waits.await(20, TimeUnit.SECONDS));
        assertEquals(1, preferred.waiting());
        assertEquals(0, second.waiting());
        assertEquals(1, preferred.connections(), "the connection that it had");
        preferred.advanceLine();
        assertEquals(List.of(), read(generation));
        assertEquals(expected(), ear.text);
      }
    }
  }

  @Test
  void whoDoesNotWantToWaitIsToldWhenToComeAgain() throws Exception {
    server.busyOpens.set(1);
    other.busyOpens.set(1);
    try (SledClient client = builder(server, other).busy(Busy.FAIL).connect();
        Generation generation = client.start(request())) {
      BusyException e = assertThrows(BusyException.class, () -> read(generation));
      assertEquals(250, e.retryAfterMillis());
      assertEquals(0, server.busyOpens.get() + other.busyOpens.get(), "both were asked");
    }
  }

  @Test
  void waitingHasALimit() throws Exception {
    server.line.set(7);
    SledClient.Builder hasty = builder(server).busyTimeout(Duration.ofMillis(300));
    try (SledClient client = hasty.connect()) {
      try (Generation generation = client.start(request())) {
        BusyException e = assertThrows(BusyException.class, () -> read(generation));
        assertTrue(e.getMessage().contains("within 0.3 s"), e::getMessage);
        assertTrue(e.getMessage().contains("place 7"), e::getMessage);
      }
      awaitNobody();
      server.line.set(0);
      server.busyOpens.set(Integer.MAX_VALUE);
      try (Generation generation = client.start(request())) {
        BusyException e = assertThrows(BusyException.class, () -> read(generation));
        assertTrue(e.getMessage().contains("all sessions are taken"), e::getMessage);
      }
    }
  }

  private void awaitNobody() throws InterruptedException {
    for (int i = 0; i < 500 && server.waiting() > 0; i++) {
      Thread.sleep(10);
    }
    assertEquals(0, server.waiting(), "it has left the line");
  }

  @Test
  void cancellingLeavesTheLine() throws Exception {
    server.line.set(2);
    Ear ear = new Ear();
    try (SledClient client = builder(server).connect()) {
      Generation generation = client.start(request(), ear);
      assertTrue(ear.waits.await(20, TimeUnit.SECONDS));
      long startNanos = System.nanoTime();
      generation.close();
      assertTrue(System.nanoTime() - startNanos < 5_000_000_000L);
      assertEquals(GenerationEnd.CANCELLED, generation.end());
      awaitNobody();
    }
  }

  /** A text that has begun waits even where a new one would not. */
  @Test
  void aTextThatHasBegunWaitsWhenItGoesOn() throws Exception {
    try (SledClient client = builder(server).busy(Busy.FAIL).connect();
        Generation generation = client.start(request())) {
      List<Integer> tokens = new ArrayList<>(List.of(generation.next()));
      server.line.set(1);
      server.cut();
      for (int i = 0; i < 500 && server.waiting() == 0 && generation.end() == null; i++) {
        Thread.sleep(10);
      }
      server.advanceLine();
      tokens.addAll(read(generation));
      assertEquals(expected(), tokens);
    }
  }

  @Test
  void eventsTellThePlace() throws Exception {
    server.line.set(2);
    try (SledClient client = builder(server).connect();
        EventStream events = client.events(request())) {
      assertEquals(new StreamEvent.Waiting(2, 200), events.next());
      server.advanceLine();
      server.advanceLine();
      StreamEvent next = events.next();
      while (next instanceof StreamEvent.Waiting) {
        next = events.next();
      }
      assertTrue(next instanceof StreamEvent.Verified, String.valueOf(next));
    }
  }
}
