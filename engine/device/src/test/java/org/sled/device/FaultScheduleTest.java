package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.Drafting;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.VerdictStatus;

/**
 * Random loss, delay, duplication, disconnects and restarts, over sockets: every stream is the
 * target's, no token twice, none lost. Once they have stopped, all streams come to their end.
 */
final class FaultScheduleTest {
  private static final int SEEDS = 20;
  private static final int AT_A_TIME = 4;
  private static final int TOKENS = 250;
  private static final int STREAMS = 3;

  /** How long things go wrong; streams that are through before are as well. */
  private static final long FAULTS_MILLIS = 1000;

  /** Behind the last fault: two of the longest pauses between attempts, and a text's rounds. */
  private static final long DEADLINE_SECONDS = 20;

  /** Most of what each takes is waiting, so that some are under way. */
  @Test
  void everyStreamIsTheTargets() throws Exception {
    ExecutorService schedules = Executors.newFixedThreadPool(AT_A_TIME);
    try {
      List<Future<?>> runs = new ArrayList<>();
      for (int i = 1; i <= SEEDS; i++) {
        long seed = i;
        runs.add(
            schedules.submit(
                () -> {
                  run(seed);
                  return null;
                }));
      }
      for (int i = 1; i <= SEEDS; i++) {
        try {
          runs.get(i - 1).get();
        } catch (ExecutionException e) {
          throw new AssertionError("seed " + i + ": " + e.getCause(), e.getCause());
        }
      }
    } finally {
      schedules.shutdownNow();
    }
  }

  private static void run(long seed) throws Exception {
    Random random = new Random(seed);
    int resumes = 0;
    ExecutorService readers = Executors.newFixedThreadPool(STREAMS);
    try (Servers servers = new Servers(random);
        FaultyNetwork network =
            new FaultyNetwork(seed, servers.port(), 4000 + random.nextInt(12000), 3)) {
      Drafting drafting =
          Drafting.of(random.nextBoolean() ? DraftPolicy.FIXED : DraftPolicy.OPTIMAL)
              .withWindow(1 + random.nextInt(4));
      Outage outage = random.nextBoolean() ? Outage.WAIT : Outage.LOCAL;
      long draftSeed = random.nextLong();
      int matchPercent = random.nextInt(101);
      try (SledClient client =
          SledClient.builder()
              .drafting(drafting)
              .outage(outage)
              .server("127.0.0.1", network.port())
              .drafter(
                  ScriptedServer.FINGERPRINT,
                  c -> new ScriptedDrafter(draftSeed, matchPercent, -1, c))
              .connect()) {
        servers.begin(
            () -> {
              network.serverPort = servers.port();
              network.cut();
            });
        List<Generation> streams = new ArrayList<>();
        List<Future<List<Integer>>> texts = new ArrayList<>();
        for (int i = 0; i < STREAMS; i++) {
          Generation stream =
              client.start(
                  GenerationRequest.of(prompt(i))
                      .withMaxTokens(TOKENS)
                      .withDraftTokens(random.nextInt(9)));
          streams.add(stream);
          texts.add(readers.submit(() -> IntStream.of(stream.remainingTokens()).boxed().toList()));
        }
        awaitEnd(texts, FAULTS_MILLIS);
        servers.stopFaults();
        network.stopFaults();
        awaitEnd(texts, TimeUnit.SECONDS.toMillis(DEADLINE_SECONDS));
        for (int i = 0; i < STREAMS; i++) {
          assertTrue(texts.get(i).isDone(), "stream " + i + " has not ended");
          assertEquals(ScriptedText.stream(prompt(i), TOKENS, -1), texts.get(i).get());
          resumes += streams.get(i).stats().resumes();
          streams.get(i).close();
        }
      }
    } finally {
      readers.shutdownNow();
    }
    assertTrue(resumes > 0, "something went wrong");
  }

  /** Returns when all have ended, or the time is over. */
  private static void awaitEnd(List<Future<List<Integer>>> texts, long millis)
      throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while (!texts.stream().allMatch(Future::isDone) && System.nanoTime() - end < 0) {
      Thread.sleep(5);
    }
  }

  private static int[] prompt(int stream) {
    return new int[] {stream, 6, 7, 8};
  }

  /** One server after the other, which answer twice now and then. */
  private static final class Servers implements AutoCloseable {
    private final Random random;
    private final Thread thread;
    private volatile ScriptedServer server;
    private volatile Runnable restarted;
    private volatile boolean done;

    Servers(Random random) throws Exception {
      this.random = new Random(random.nextLong());
      server = next();
      thread = new Thread(this::restart, "restarts");
    }

    int port() {
      return server.port();
    }

    /** From now on there are restarts. */
    void begin(Runnable whenRestarted) {
      restarted = whenRestarted;
      thread.start();
    }

    private ScriptedServer next() throws Exception {
      Random own = new Random(random.nextLong());
      ScriptedServer next = new ScriptedServer();
      next.remembers = own.nextBoolean();
      next.mischief =
          (self, connection, session, block) -> {
            int what = done ? -1 : own.nextInt(25);
            if (what == 0) {
              self.answer(connection, session, block);
              self.stale(connection, session, block); // the same round once more
            } else if (what == 1) {
              self.verify(null, session, block); // committed there, but not said
              connection.close("a verdict is lost");
            } else if (what == 2 && block.round() > 1) {
              int committed = session.committedLength();
              self.answer(connection, session, block);
              self.send(
                  connection,
                  session,
                  block.round() - 1,
                  VerdictStatus.VERIFIED,
                  FinishReason.NONE,
                  0,
                  0,
                  1,
                  committed);
            } else {
              return false;
            }
            return true;
          };
      return next;
    }

    private void restart() {
      try {
        while (!done) {
          Thread.sleep(50 + random.nextInt(300));
          ScriptedServer old = server;
          server = next();
          restarted.run();
          old.close();
        }
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }

    /** The server that there is now stays, and keeps to the rules. */
    void stopFaults() throws InterruptedException {
      done = true;
      thread.join();
    }

    @Override
    public void close() {
      done = true;
      while (thread.isAlive()) {
        Thread.onSpinWait();
      }
      server.close();
    }
  }
}
