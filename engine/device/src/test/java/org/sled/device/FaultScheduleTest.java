package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.VerdictStatus;

/**
 * Random loss, delay, duplication, disconnects and restarts, over sockets: every stream is the
 * target's, no token twice, none lost.
 */
final class FaultScheduleTest {
  private static final int TOKENS = 250;
  private static final int STREAMS = 3;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
  void everyStreamIsTheTargets(long seed) throws Exception {
    Random random = new Random(seed);
    int resumes = 0;
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
        for (int i = 0; i < STREAMS; i++) {
          streams.add(
              client.start(
                  GenerationRequest.of(prompt(i))
                      .withMaxTokens(TOKENS)
                      .withDraftTokens(random.nextInt(9))));
        }
        for (int i = 0; i < STREAMS; i++) {
          List<Integer> tokens = new ArrayList<>();
          streams.get(i).forEach(tokens::add);
          assertEquals(ScriptedText.stream(prompt(i), TOKENS, -1), tokens);
          resumes += streams.get(i).stats().resumes();
          streams.get(i).close();
        }
      }
    }
    assertTrue(resumes > 0, "something went wrong");
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
            int what = own.nextInt(25);
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
