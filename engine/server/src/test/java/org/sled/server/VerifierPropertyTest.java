package org.sled.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.netty.buffer.ByteBuf;
import io.netty.util.ResourceLeakDetector;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.sled.core.cost.RowRule;
import org.sled.core.schedule.Scheduling;
import org.sled.net.limit.ByteBudget;
import org.sled.net.protocol.EndTokens;
import org.sled.net.protocol.FileDigest;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.round.RoundRules;
import org.sled.net.server.EmbeddedConnection;
import org.sled.server.ingress.FrameRouter;
import org.sled.server.ingress.Greeting;
import org.sled.server.observe.ServerStats;
import org.sled.server.target.TargetDescription;
import org.sled.server.verify.Verifier;
import org.sled.server.verify.VerifierInbox;
import org.slf4j.LoggerFactory;

/**
 * Random clients of one verifier with few sequences: sessions with common beginnings open, push,
 * draft, cancel, close and disconnect, K/V is saved, copied, refused or lost, steps run out of
 * memory. Once the faults stop, every stream finishes, and what it says is the target's text.
 *
 * <p>Both sides run on one thread, so that a seed repeats a run, but for the times that steps take
 * ({@code -Dsled.verifier.seeds} for another number of seeds, {@code -Dsled.verifier.first} for the
 * first of them).
 */
final class VerifierPropertyTest {
  private static final int SEEDS = Integer.getInteger("sled.verifier.seeds", 100);
  private static final int FIRST_SEED = Integer.getInteger("sled.verifier.first", 0);
  private static final int CONTEXT = 400;

  /** A step takes microseconds here, and nobody waits longer than for a few of them. */
  private static final long STANDSTILL_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** Turns of the verifier that all texts of a seed take, by far. */
  private static final int MOST_TURNS = 100_000;

  private static final Logger LOGGER = (Logger) LoggerFactory.getLogger("org.sled.server");

  private static ResourceLeakDetector.Level leakLevel;
  private static Level logLevel;

  /** The faults are made on purpose, and the detector takes most of the time here. */
  @BeforeAll
  static void beQuiet() {
    leakLevel = ResourceLeakDetector.getLevel();
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.SIMPLE);
    logLevel = LOGGER.getLevel();
    LOGGER.setLevel(Level.OFF);
  }

  @AfterAll
  static void beLoud() {
    ResourceLeakDetector.setLevel(leakLevel);
    LOGGER.setLevel(logLevel);
  }

  @Test
  void everyStreamFinishesAndIsTheTargets() {
    Totals totals = new Totals();
    for (int seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      try {
        new World(seed).run(totals);
      } catch (Throwable e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
    System.out.println(SEEDS + " seeds: " + totals);
    if (SEEDS >= 100) {
      Assertions.assertTrue(
          totals.complete > 0
              && totals.cut > 0
              && totals.shared > 0
              && totals.swaps > 0
              && totals.evictions > 0
              && totals.refused > 0,
          () -> "not everything was put to the test: " + totals);
    }
  }

  /** What all seeds came to. */
  private static final class Totals {
    long complete;
    long cut;
    long shared;
    long swaps;
    long evictions;
    long refused;

    @Override
    public String toString() {
      return String.format(
          "%d texts, %d cut off, %d shared tokens, %d swaps, %d evictions, %d refused copies",
          complete, cut, shared, swaps, evictions, refused);
    }
  }

  /** One seed. */
  private static final class World {
    private final Random random;
    private final ScriptedTarget target;
    private final ServerStats stats = new ServerStats();
    private final ByteBudget prompts = new ByteBudget(1 << 20);
    private final VerifierInbox inbox = new VerifierInbox(4096, prompts);
    private final Verifier verifier;
    private final FrameRouter router;
    private final int sessions;
    private final double memoryFaults;
    private final List<ScriptedClient> clients = new ArrayList<>();
    private final List<EmbeddedConnection> links = new ArrayList<>();
    private int nextSession = 1;
    private boolean faults = true;
    private int complete;
    private int cut;

    World(int seed) {
      random = new Random(seed);
      int sequences = 1 + random.nextInt(3);
      sessions = 2 + random.nextInt(7);
      long[] swaps = {0, 50L * ScriptedTarget.BYTES_PER_TOKEN, 1 << 20};
      SchedulerKind[] kinds = {
        SchedulerKind.DEADLINE,
        SchedulerKind.DEADLINE,
        SchedulerKind.CONTINUOUS,
        SchedulerKind.STATIC
      };
      TargetDescription description =
          new TargetDescription(
              new TokenizerFingerprint(ScriptedTarget.VOCABULARY, 1, 2, 3, 4),
              CONTEXT,
              sessions,
              sequences,
              512,
              63,
              random.nextBoolean(),
              RowRule.NO_LONE_ROW,
              42,
              "scripted",
              "",
              EndTokens.UNKNOWN);
      Scheduling scheduling =
          new SchedulingConfig(
                  kinds[random.nextInt(kinds.length)],
                  1 + random.nextInt(4),
                  0.01,
                  random.nextInt(3) * 8,
                  1,
                  random.nextInt(4) == 0 ? 1 : 0,
                  swaps[random.nextInt(swaps.length)],
                  random.nextInt(5) > 0)
              .create(description);
      target = new ScriptedTarget(description.sessionNumbers(), sequences, CONTEXT);
      target.refusesCopies = random.nextInt(3) == 0;
      memoryFaults = random.nextInt(4) == 0 ? 0.05 : 0;
      target.outOfMemory = () -> faults && random.nextDouble() < memoryFaults;
      verifier =
          new Verifier(
              target,
              description,
              ServerConfig.DEFAULT_WAITING,
              inbox,
              scheduling,
              new RoundRules(ScriptedTarget.VOCABULARY, CONTEXT, 62),
              stats,
              SystemNanoClock.INSTANCE);
      ServerConfig config = ServerConfig.of(Path.of("scripted")).listen("127.0.0.1", 0).conclude();
      router =
          new FrameRouter(
              new Greeting(
                  description,
                  config.maxDraftTokens(),
                  config.pingIntervalMillis(),
                  config.serverName(),
                  stats,
                  FileDigest.NONE),
              target,
              inbox,
              prompts,
              stats,
              null);
    }

    void run(Totals totals) throws Exception {
      try {
        int arrivals = 3 * sessions;
        while (arrivals > 0 || !clients.isEmpty()) {
          if (arrivals > 0 && clients.size() < sessions && random.nextInt(4) == 0) {
            arrivals--;
            arrive();
          }
          faults = arrivals > 0;
          for (ScriptedClient client : List.copyOf(clients)) {
            act(client);
          }
          turn();
        }
        check(stats.sessionsInUse() == 0, "no session is left");
        totals.complete += complete;
        totals.cut += cut;
        totals.shared += target.sharedTokens.get();
        totals.swaps += stats.swapsOut.get();
        totals.evictions += stats.evictions.get();
        totals.refused += target.refusedCopies.get();
      } finally {
        links.forEach(EmbeddedConnection::close);
        inbox.abandon();
        verifier.close();
      }
      check(target.closed, "the target is closed");
    }

    private void arrive() {
      EmbeddedConnection link;
      if (!links.isEmpty() && random.nextBoolean()) {
        link = links.get(random.nextInt(links.size()));
      } else {
        link = new EmbeddedConnection();
        links.add(link);
        router.onHello(link.connection(), Hello.withoutTokenizer("", "test"));
      }
      // One of two beginnings in common, as long as somebody likes, and something of its own.
      int common = random.nextInt(120);
      int own = 1 + random.nextInt(20);
      int beginning = 100 * (1 + random.nextInt(2));
      List<Integer> prompt = new ArrayList<>();
      for (int i = 0; i < common; i++) {
        prompt.add(beginning + i % 90);
      }
      for (int i = 0; i < own; i++) {
        prompt.add(300 + random.nextInt(600));
      }
      ScriptedClient client =
          new ScriptedClient(
              link, router, random, nextSession, prompt, 1 + random.nextInt(150), memoryFaults > 0);
      nextSession++;
      clients.add(client);
      client.open();
    }

    private void act(ScriptedClient client) {
      if (faults && random.nextInt(200) == 0) {
        switch (random.nextInt(3)) {
          case 0 -> client.cancel();
          case 1 -> client.leave();
          default -> disconnect(client.link());
        }
      } else if (random.nextInt(3) > 0) {
        client.act();
      }
    }

    private void disconnect(EmbeddedConnection link) {
      links.remove(link);
      link.close();
      router.onDisconnected(link.connection(), "gone");
      for (ScriptedClient client : List.copyOf(clients)) {
        if (client.link() == link) {
          client.gone();
          end(client);
        }
      }
    }

    /** The verifier comes round until it rests or somebody may have something to say. */
    private void turn() throws Exception {
      long restSinceNanos = System.nanoTime();
      int turns = 0;
      while (true) {
        boolean worked = verifier.doWork(System.nanoTime()) > 0;
        boolean heard = listen();
        if (clients.stream().anyMatch(client -> !client.waits()) || clients.isEmpty()) {
          return;
        }
        if (worked || heard) {
          turns++;
          check(turns < MOST_TURNS, "somebody is answered, of those who wait");
          restSinceNanos = System.nanoTime();
        }
        check(System.nanoTime() - restSinceNanos < STANDSTILL_NANOS, "nothing stands still");
      }
    }

    private boolean listen() throws Exception {
      boolean heard = false;
      for (EmbeddedConnection link : links) {
        for (ByteBuf frame = link.poll(); frame != null; frame = link.poll()) {
          heard = true;
          int session = FrameHeader.session(frame);
          for (ScriptedClient client : clients) {
            if (client.session() == session) {
              client.receive(frame);
            }
          }
          frame.release();
        }
      }
      for (ScriptedClient client : List.copyOf(clients)) {
        if (client.isDone()) {
          end(client);
        }
      }
      return heard;
    }

    private void end(ScriptedClient client) {
      clients.remove(client);
      if (client.isComplete()) {
        complete++;
      } else {
        check(client.mayBeCut(), "ends at its end: " + client);
        cut++;
      }
    }

    private void check(boolean holds, String what) {
      if (!holds) {
        StringBuilder text = new StringBuilder("violated: " + what);
        clients.forEach(client -> text.append("; ").append(client));
        throw new AssertionError(text.toString());
      }
    }
  }
}
