package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.Pace;
import org.sled.device.session.DraftThread;

/** Whoever ends a generation, or its client, whatever is unread: nobody waits for ever. */
@Timeout(60)
final class CloseTest {
  private static final int[] PROMPT = {5, 6, 7, 8};

  /** More than any queue holds. */
  private static final int TOKENS = 3500;

  private ScriptedServer server;
  private ScriptedDrafter drafter;

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
    drafter = new ScriptedDrafter(42, 70, -1, 4096);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private SledClient connect() throws InterruptedException {
    return SledClient.builder()
        .draftPolicy(DraftPolicy.FIXED)
        .server("127.0.0.1", server.port())
        .drafter(ScriptedServer.FINGERPRINT, contextTokens -> drafter)
        .connect();
  }

  private static GenerationRequest request(int draftTokens) {
    return GenerationRequest.of(PROMPT).withMaxTokens(TOKENS).withDraftTokens(draftTokens);
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; !condition.getAsBoolean(); i++) {
      assertTrue(i < 6000, "not within 30 s: " + what);
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  private static long draftThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(DraftThread.class::isInstance)
        .filter(Thread::isAlive)
        .count();
  }

  /** Waits until its draft thread waits for a reader. */
  private static void awaitFull(Generation generation) throws InterruptedException {
    int[] before = {-1};
    int[] looks = {0};
    await(
        "a full queue",
        () -> {
          int now = generation.stats().tokens();
          looks[0] = now == before[0] ? looks[0] + 1 : 0;
          before[0] = now;
          return now >= 256 && looks[0] >= 20;
        });
    assertTrue(generation.stats().tokens() < TOKENS, "it waits");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aGenerationOfUnreadEventsIsCancelled(int draftTokens) throws Exception {
    try (SledClient client = connect();
        EventStream events = client.events(request(draftTokens))) {
      awaitFull(events.generation());
      events.generation().cancel();
      await("its end", () -> events.generation().end() == GenerationEnd.CANCELLED);
      // What was committed before can be read; then that is all.
      List<Integer> tokens = new ArrayList<>();
      for (StreamEvent event = events.next(); event != null; event = events.next()) {
        for (int token : ((StreamEvent.Verified) event).tokens().toArray()) {
          tokens.add(token);
        }
      }
      assertEquals(ScriptedText.stream(PROMPT, tokens.size(), -1), tokens);
      assertTrue(tokens.size() >= 256);
      assertNull(events.next(), "still");
    }
  }

  @Test
  void aGenerationOfUnreadEventsIsClosed() throws Exception {
    try (SledClient client = connect()) {
      EventStream events = client.events(request(0));
      awaitFull(events.generation());
      events.generation().close();
      assertEquals(GenerationEnd.CANCELLED, events.generation().end());
      assertNotNull(events.next());
      events.close();
      assertNull(events.next());
    }
  }

  @Test
  void whoWaitsForEventsIsToldOfTheClose() throws Exception {
    server.mischief = (self, connection, session, block) -> true; // says nothing
    try (SledClient client = connect()) {
      EventStream events = client.events(request(4));
      assertNotNull(events.next(), "the first token");
      Thread closer =
          new Thread(
              () -> {
                try {
                  TimeUnit.MILLISECONDS.sleep(50);
                } catch (InterruptedException e) {
                  return;
                }
                events.close();
              });
      closer.start();
      assertNull(events.next());
      closer.join();
    }
  }

  @Test
  void aListenerClosesItsOwnGeneration() throws Exception {
    AtomicReference<Generation> own = new AtomicReference<>();
    CountDownLatch known = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(1);
    GenerationListener listener =
        new GenerationListener() {
          @Override
          public void tokens(long nanos, int... tokens) {
            try {
              known.await();
            } catch (InterruptedException e) {
              throw SledClientException.interrupted(e);
            }
            own.get().close();
          }

          @Override
          public void ended() {
            ended.countDown();
          }
        };
    try (SledClient client = connect()) {
      own.set(client.start(request(4), listener));
      known.countDown();
      assertTrue(ended.await(30, TimeUnit.SECONDS));
      own.get().close(); // waits, since this thread is another one
      assertEquals(GenerationEnd.CANCELLED, own.get().end());
      assertEquals(0, draftThreads());
    }
  }

  @Test
  void twoListenersCloseEachOthersGenerations() throws Exception {
    AtomicReference<Generation> one = new AtomicReference<>();
    AtomicReference<Generation> other = new AtomicReference<>();
    CountDownLatch bothRun = new CountDownLatch(2);
    CountDownLatch known = new CountDownLatch(1);
    class Closing implements GenerationListener {
      final AtomicReference<Generation> neighbour;

      Closing(AtomicReference<Generation> neighbour) {
        this.neighbour = neighbour;
      }

      @Override
      public void tokens(long nanos, int... tokens) {
        try {
          bothRun.countDown();
          bothRun.await();
          known.await();
        } catch (InterruptedException e) {
          throw SledClientException.interrupted(e);
        }
        neighbour.get().close();
      }
    }
    try (SledClient client = connect()) {
      one.set(client.start(request(0), new Closing(other)));
      other.set(client.start(request(0), new Closing(one)));
      known.countDown();
      await("both ends", () -> one.get().end() != null && other.get().end() != null);
      await("no thread", () -> draftThreads() == 0);
    }
  }

  @Test
  void aSubscriberClosesItsGeneration() throws Exception {
    try (SledClient client = connect()) {
      Generation generation = client.start(request(4));
      CountDownLatch done = new CountDownLatch(1);
      generation
          .publisher()
          .subscribe(
              new Flow.Subscriber<Integer>() {
                @Override
                public void onSubscribe(Flow.Subscription subscription) {
                  subscription.request(Long.MAX_VALUE);
                }

                @Override
                public void onNext(Integer item) {
                  generation.close();
                }

                @Override
                public void onError(Throwable throwable) {}

                @Override
                public void onComplete() {
                  done.countDown();
                }
              });
      assertTrue(done.await(30, TimeUnit.SECONDS));
      assertEquals(0, draftThreads());
    }
  }

  /** On an event loop of the server's: it does not answer meanwhile, and need not. */
  @Test
  void aCloseNeedsNoAnswer() throws Exception {
    AtomicReference<Generation> generation = new AtomicReference<>();
    CountDownLatch known = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    server.mischief =
        (self, connection, session, block) -> {
          try {
            known.await();
          } catch (InterruptedException e) {
            throw SledClientException.interrupted(e);
          }
          generation.get().close();
          closed.countDown();
          return true;
        };
    try (SledClient client = connect()) {
      generation.set(client.start(request(4)));
      known.countDown();
      assertTrue(closed.await(30, TimeUnit.SECONDS));
      assertEquals(GenerationEnd.CANCELLED, generation.get().end());
    }
  }

  @Test
  void anInterruptDoesNotShortenACloseAndIsKept() throws Exception {
    try (SledClient client = connect()) {
      Generation generation = client.start(request(4));
      assertTrue(generation.next() >= 0);
      Thread.currentThread().interrupt();
      generation.close();
      assertTrue(Thread.interrupted());
      assertEquals(GenerationEnd.CANCELLED, generation.end());
      assertEquals(0, draftThreads());
    }
  }

  @Test
  void aClientEndsWhatStillRuns() throws Exception {
    SledClient client = connect();
    Generation unread = client.start(request(4));
    EventStream unreadEvents = client.events(request(0));
    awaitFull(unread);
    awaitFull(unreadEvents.generation());
    client.close();
    assertEquals(0, draftThreads());
    assertTrue(drafter.closed, "its memory is free");
    List<Integer> tokens = new ArrayList<>();
    SledClientException failure =
        assertThrows(SledClientException.class, () -> unread.forEach(tokens::add));
    assertTrue(failure.getMessage().contains("closed"), failure::getMessage);
    assertEquals(ScriptedText.stream(PROMPT, tokens.size(), -1), tokens);
    assertTrue(tokens.size() >= 256);
    assertThrows(
        SledClientException.class,
        () -> {
          while (unreadEvents.next() != null) {
            // Those that were there before.
          }
        });
    assertThrows(SledClientException.class, () -> client.start(request(4)));
    client.close(); // again
  }

  @Test
  void aListenerClosesTheClient() throws Exception {
    SledClient client = connect();
    CountDownLatch closed = new CountDownLatch(1);
    Generation other = client.start(request(0));
    Generation generation =
        client.start(
            request(4),
            (nanos, tokens) -> {
              client.close();
              closed.countDown();
            });
    assertTrue(closed.await(30, TimeUnit.SECONDS));
    await("the memory is free", () -> drafter.closed);
    assertFalse(generation.end() == GenerationEnd.LENGTH);
    assertThrows(SledClientException.class, generation::remainingTokens);
    assertThrows(SledClientException.class, other::remainingTokens);
    await("no thread", () -> draftThreads() == 0);
  }

  @Test
  void aCloseWaitsForOneCallOfTheDraftModelAtMost() throws Exception {
    int promptTokens = 1024;
    drafter.pace = count -> new Pace().finish(System.nanoTime(), count * 5_000_000L);
    try (SledClient client = connect()) {
      int[] prompt = IntStream.range(1, promptTokens + 1).map(i -> i % 900).toArray();
      Generation generation = client.start(GenerationRequest.of(prompt).withDraftTokens(8));
      assertTrue(generation.next() >= 0);
      int calls = drafter.calls;
      generation.close();
      assertTrue(drafter.calls <= calls + 1, drafter.calls - calls + " calls after the close");
      assertTrue(drafter.decoded < promptTokens, "it would have taken 5 s");
      assertEquals(GenerationEnd.CANCELLED, generation.end());
    }
  }
}
