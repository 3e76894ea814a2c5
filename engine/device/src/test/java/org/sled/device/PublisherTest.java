package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.device.draft.DraftPolicy;

/** A generation as a publisher: all tokens, no faster than asked for, and one last signal. */
final class PublisherTest {
  private static final int[] PROMPT = {5, 6, 7, 8};
  private static final int TOKENS = 200;
  private static final List<Integer> STREAM = ScriptedText.stream(PROMPT, TOKENS, -1);
  private static final long PATIENCE_SECONDS = 20;

  private ScriptedServer server;
  private SledClient client;

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
    client =
        SledClient.builder()
            .draftPolicy(DraftPolicy.FIXED)
            .outage(Outage.FAIL)
            .server("127.0.0.1", server.port())
            .drafter(ScriptedServer.FINGERPRINT, c -> new ScriptedDrafter(1, 70, -1, c))
            .detokenizer(() -> Integer::toString)
            .connect();
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private Generation generation(int maxTokens) {
    return client.start(GenerationRequest.of(PROMPT).withMaxTokens(maxTokens).withDraftTokens(4));
  }

  private static <T> RecordingSubscriber<T> subscribe(
      Flow.Publisher<T> publisher, RecordingSubscriber<T> subscriber) {
    publisher.subscribe(subscriber);
    return subscriber;
  }

  private static void assertCancelled(Generation generation) throws InterruptedException {
    for (int i = 0; i < 2000 && generation.end() == null; i++) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
    assertEquals(GenerationEnd.CANCELLED, generation.end());
  }

  @Test
  void unboundedDemandGetsAllTokensThenTheEnd() throws Exception {
    try (Generation generation = generation(TOKENS)) {
      RecordingSubscriber<Integer> all =
          subscribe(generation.publisher(), new RecordingSubscriber<>(Long.MAX_VALUE));
      assertNull(all.awaitEnd());
      assertEquals(STREAM, all.items());
      assertEquals(GenerationEnd.LENGTH, generation.end());
    }
  }

  @Test
  void demandAddsUpBeyondWhatALongHolds() throws Exception {
    try (Generation generation = generation(TOKENS)) {
      RecordingSubscriber<Integer> all =
          new RecordingSubscriber<>(
              Long.MAX_VALUE, (subscription, token) -> subscription.request(Long.MAX_VALUE));
      assertNull(subscribe(generation.publisher(), all).awaitEnd());
      assertEquals(STREAM, all.items());
    }
  }

  @Test
  void noMoreThanAskedForAndTheEndWithoutBeingAsked() throws Exception {
    try (Generation generation = generation(TOKENS)) {
      RecordingSubscriber<Integer> slow =
          subscribe(generation.publisher(), new RecordingSubscriber<>(0));
      Flow.Subscription subscription = slow.subscription();
      int asked = 0;
      for (int step : new int[] {1, 2, 7, 90}) {
        TimeUnit.MILLISECONDS.sleep(30);
        assertEquals(asked, slow.items().size());
        subscription.request(step);
        asked += step;
        assertEquals(STREAM.subList(0, asked), slow.awaitItems(asked));
      }
      assertFalse(slow.isOver());
      subscription.request(TOKENS - asked);
      assertNull(slow.awaitEnd());
      assertEquals(STREAM, slow.items());
    }
  }

  @Test
  void nothingIsReadBeforeThereIsASubscriber() throws Exception {
    try (Generation generation = generation(TOKENS)) {
      Flow.Publisher<Integer> publisher = generation.publisher();
      assertEquals(STREAM.get(0), generation.next());
      RecordingSubscriber<Integer> rest =
          subscribe(publisher, new RecordingSubscriber<>(Long.MAX_VALUE));
      assertNull(rest.awaitEnd());
      assertEquals(STREAM.subList(1, TOKENS), rest.items());
    }
  }

  @Test
  void aSlowSubscriberHoldsTheGenerationUp() throws Exception {
    try (Generation generation = generation(0)) {
      RecordingSubscriber<Integer> slow =
          subscribe(generation.publisher(), new RecordingSubscriber<>(3));
      slow.awaitItems(3);
      TimeUnit.MILLISECONDS.sleep(500);
      assertEquals(3, slow.items().size());
      assertTrue(generation.stats().tokens() < 1100, "tokens " + generation.stats().tokens());
      slow.subscription().cancel();
      assertCancelled(generation);
    }
  }

  /** Would overflow the stack if a request answered with the next signal at once. */
  @Test
  void oneByOneFromWithinOnNext() throws Exception {
    try (Generation generation = generation(0)) {
      RecordingSubscriber<Integer> one =
          new RecordingSubscriber<>(1, (subscription, token) -> subscription.request(1));
      assertNull(subscribe(generation.publisher(), one).awaitEnd());
      assertEquals(ScriptedText.stream(PROMPT, 4096 - PROMPT.length, -1), one.items());
    }
  }

  @Test
  void cancelFromWithinOnNextIsTheLastOfIt() throws Exception {
    try (Generation generation = generation(0)) {
      RecordingSubscriber<Integer> five =
          new RecordingSubscriber<>(
              Long.MAX_VALUE,
              (subscription, token) -> {
                if (token.equals(STREAM.get(4))) {
                  subscription.cancel();
                  subscription.cancel();
                  subscription.request(10);
                  subscription.request(-1);
                }
              });
      subscribe(generation.publisher(), five);
      assertCancelled(generation);
      TimeUnit.MILLISECONDS.sleep(100);
      assertEquals(STREAM.subList(0, 5), five.items());
      assertFalse(five.isOver());
    }
  }

  @Test
  void cancelFromOutsideWhileATokenIsWaitedFor() throws Exception {
    server.mischief = (self, connection, session, block) -> true; // never answers a block
    try (Generation generation = generation(0)) {
      RecordingSubscriber<Integer> stuck =
          subscribe(generation.publisher(), new RecordingSubscriber<>(Long.MAX_VALUE));
      stuck.awaitItems(1);
      stuck.subscription().cancel();
      assertCancelled(generation);
      TimeUnit.MILLISECONDS.sleep(100);
      assertFalse(stuck.isOver());
      stuck.subscription().request(1); // late: nothing comes of it
      stuck.subscription().request(0);
    }
  }

  @Test
  void requestsAfterTheEndAreIgnored() throws Exception {
    try (Generation generation = generation(TOKENS)) {
      RecordingSubscriber<Integer> all =
          subscribe(generation.publisher(), new RecordingSubscriber<>(TOKENS));
      assertNull(all.awaitEnd());
      all.subscription().request(5);
      all.subscription().request(0);
      all.subscription().cancel();
      TimeUnit.MILLISECONDS.sleep(50);
      assertNull(all.awaitEnd());
      assertEquals(STREAM, all.items());
      assertEquals(GenerationEnd.LENGTH, generation.end());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, Long.MIN_VALUE})
  void askingForNoneIsAMistake(long count) throws Exception {
    server.mischief = (self, connection, session, block) -> true;
    for (int before = 0; before <= 1; before++) { // waiting for demand, and for a token
      try (Generation generation = generation(0)) {
        RecordingSubscriber<Integer> wrong =
            subscribe(generation.publisher(), new RecordingSubscriber<>(2L * before));
        wrong.awaitItems(before);
        wrong.subscription().request(count);
        Throwable e = assertInstanceOf(IllegalArgumentException.class, wrong.awaitEnd());
        assertTrue(e.getMessage().contains("3.9"), e::getMessage);
        assertCancelled(generation);
      }
    }
  }

  @Test
  void aFailureComesAfterTheTokensBeforeIt() throws Exception {
    server.mischief =
        (self, connection, session, block) -> {
          if (session.blocks == 5) {
            connection.close("scripted");
          }
          return session.blocks == 5;
        };
    try (Generation generation = generation(0)) {
      RecordingSubscriber<Integer> cut =
          subscribe(generation.publisher(), new RecordingSubscriber<>(Long.MAX_VALUE));
      assertInstanceOf(ConnectionLostException.class, cut.awaitEnd());
      int count = cut.items().size();
      assertTrue(count >= 5);
      assertEquals(STREAM.subList(0, count), cut.items());
    }
  }

  @Test
  void aSecondSubscriberIsRefusedAndTheFirstDoesNotNotice() throws Exception {
    try (Generation generation = generation(TOKENS)) {
      Flow.Publisher<Integer> publisher = generation.publisher();
      RecordingSubscriber<Integer> first = subscribe(publisher, new RecordingSubscriber<>(1));
      first.awaitItems(1);
      RecordingSubscriber<Integer> second = subscribe(publisher, new RecordingSubscriber<>(1));
      assertInstanceOf(IllegalStateException.class, second.awaitEnd());
      RecordingSubscriber<Integer> third =
          subscribe(generation.publisher(), new RecordingSubscriber<>(1));
      assertInstanceOf(IllegalStateException.class, third.awaitEnd());
      RecordingSubscriber<String> fourth =
          subscribe(generation.text().publisher(), new RecordingSubscriber<>(1));
      assertInstanceOf(IllegalStateException.class, fourth.awaitEnd());
      second.subscription().request(1);
      second.subscription().cancel();
      first.subscription().request(TOKENS);
      assertNull(first.awaitEnd());
      assertEquals(STREAM, first.items());
      assertThrows(NullPointerException.class, () -> publisher.subscribe(null));
    }
  }

  @Test
  void aSubscriberThatThrowsGetsNoMore() throws Exception {
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    try (Generation generation = generation(0)) {
      RecordingSubscriber<Integer> broken =
          new RecordingSubscriber<>(
              Long.MAX_VALUE,
              (subscription, token) -> {
                throw new IllegalStateException("full");
              });
      generation
          .publisher(
              task -> {
                Thread thread = new Thread(task);
                thread.setUncaughtExceptionHandler((where, e) -> thrown.complete(e));
                thread.start();
              })
          .subscribe(broken);
      assertEquals("full", thrown.get(PATIENCE_SECONDS, TimeUnit.SECONDS).getMessage());
      assertCancelled(generation);
      assertEquals(1, broken.items().size());
      assertFalse(broken.isOver());
    }
  }

  @Test
  void anExecutorsShutdownIsAnError() throws Exception {
    server.mischief = (self, connection, session, block) -> true;
    for (long demand : new long[] {1, 2}) { // waiting for demand, and for a token
      ExecutorService executor = Executors.newSingleThreadExecutor();
      try (Generation generation = generation(0)) {
        RecordingSubscriber<Integer> cut =
            subscribe(generation.publisher(executor), new RecordingSubscriber<>(demand));
        cut.awaitItems(1);
        executor.shutdownNow();
        Throwable e = assertInstanceOf(SledClientException.class, cut.awaitEnd());
        assertInstanceOf(InterruptedException.class, e.getCause());
        assertCancelled(generation);
      }
    }
  }

  @Test
  void anExecutorThatIsFullIsAnError() throws Exception {
    try (Generation generation = generation(0)) {
      RecordingSubscriber<Integer> refused =
          subscribe(
              generation.publisher(
                  task -> {
                    throw new RejectedExecutionException("full");
                  }),
              new RecordingSubscriber<>(1));
      assertInstanceOf(RejectedExecutionException.class, refused.awaitEnd());
      assertEquals(List.of(), refused.items());
      assertCancelled(generation);
    }
  }

  @Test
  void signalsComeOnADaemonThread() throws Exception {
    CompletableFuture<Thread> where = new CompletableFuture<>();
    CountDownLatch go = new CountDownLatch(1);
    try (Generation generation = generation(1)) {
      RecordingSubscriber<Integer> one =
          new RecordingSubscriber<>(
              1,
              (subscription, token) -> {
                where.complete(Thread.currentThread());
                try {
                  go.await();
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                }
              });
      subscribe(generation.publisher(), one);
      Thread thread = where.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertNotSame(Thread.currentThread(), thread);
      assertTrue(thread.isDaemon());
      go.countDown();
      assertNull(one.awaitEnd());
    }
  }
}
