package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.sled.net.client.ClientTransport;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.Opened;
import org.sled.server.observe.ServerSnapshot;

/**
 * How much a hostile peer slows a neighbour's rounds, with the demo target and in turns with phases
 * of quiet. A measurement, on request and on a machine that does nothing else:
 *
 * <pre>
 * mvn test -pl engine/server -am -Dtest=FloodLatencyTest -Dsurefire.failIfNoSpecifiedTests=false \
 *     -Dsled.flood.seconds=60 [-Dsled.flood.kinds=REGEX]
 * </pre>
 */
@EnabledIfSystemProperty(named = "sled.flood.seconds", matches = "\\d+")
@Timeout(7_200)
final class FloodLatencyTest {
  private static final int SECONDS = Integer.getInteger("sled.flood.seconds", 60);
  private static final String KINDS = System.getProperty("sled.flood.kinds", ".*");
  private static final int PHASE_MILLIS = 20_000;
  private static final long THINK_NANOS = 5_000_000;
  private static final int CONTEXT = 2_048;
  private static final int LONG_PROMPT = 1_900;

  /** A session is opened anew after so many rounds, so that all are of like contexts. */
  private static final int ROUNDS_OF_SESSION = 200;

  /** The first rounds of a phase are not counted: what was before is still under way. */
  private static final long WARM_UP_NANOS = 300_000_000;

  private static final long MOST_NANOS = 60_000_000_000L;

  /** The neighbour: a block of one draft every few milliseconds. */
  private static final class Neighbour implements AutoCloseable {
    private final TestDevice device;
    private final List<Integer> tokens = new ArrayList<>();
    private int session;
    private int round = ROUNDS_OF_SESSION;

    Neighbour(ClientTransport transport, Daemon daemon) throws Exception {
      device = new TestDevice(transport, daemon.address());
    }

    /** Rounds for so long, each one's time from block to verdict, ns. */
    void rounds(long millis, Histogram into) throws InterruptedException {
      long begin = System.nanoTime();
      while (System.nanoTime() - begin < millis * 1_000_000) {
        if (round == ROUNDS_OF_SESSION) {
          reopen();
        }
        round++;
        long sent = System.nanoTime();
        device.draft(session, round, 1, tokens.size() - 1, 0, tokens.get(tokens.size() - 1), 3);
        TestDevice.Verdict verdict = device.receive(TestDevice.Verdict.class);
        long nanos = System.nanoTime() - sent;
        if (verdict.accepted() == 1) {
          tokens.add(3);
        }
        tokens.add(verdict.nextToken());
        if (verdict.finish() != FinishReason.NONE) {
          round = ROUNDS_OF_SESSION;
        }
        if (sent - begin > WARM_UP_NANOS) {
          into.recordValue(Math.min(nanos, MOST_NANOS));
        }
        LockSupport.parkNanos(THINK_NANOS);
      }
    }

    private void reopen() throws InterruptedException {
      if (session > 0) {
        device.connection.send(new Close(session, 1));
        device.receive(Closed.class);
      }
      session++;
      tokens.clear();
      tokens.addAll(List.of(5, 6, 7, 8));
      device.open(session, tokens, 0);
      tokens.add(device.receive(Opened.class).firstToken());
      round = 0;
    }

    @Override
    public void close() {
      device.close();
    }
  }

  @Test
  void floodsSlowNobody() throws Exception {
    Path target = Path.of(System.getProperty("sled.home"), "models", "demo-target.gguf");
    Map<String, byte[]> floods = new LinkedHashMap<>();
    floods.put("nothing", null);
    floods.putAll(Floods.all(CONTEXT, LONG_PROMPT));
    floods.keySet().removeIf(name -> !name.matches(KINDS));
    List<String> slower = new ArrayList<>();
    try (Daemon daemon = Daemon.start(ServerConfig.of(target).listen("127.0.0.1", 0).conclude());
        ClientTransport transport = new ClientTransport(1);
        Neighbour neighbour = new Neighbour(transport, daemon)) {
      neighbour.rounds(3 * PHASE_MILLIS, new Histogram(3));
      System.out.println(
          "kind | rounds | opened | rows | p50 quiet, ms | p50 | ratio | p99 quiet, ms | p99 | ratio");
      for (Map.Entry<String, byte[]> flood : floods.entrySet()) {
        for (boolean reads : new boolean[] {true, false}) {
          Histogram quiet = new Histogram(3);
          Histogram loud = new Histogram(3);
          ServerSnapshot before = daemon.stats();
          for (int i = 0; i < SECONDS * 1_000 / PHASE_MILLIS; i++) {
            neighbour.rounds(PHASE_MILLIS, quiet);
            Thread hostile = hostile(daemon, flood.getValue(), reads);
            neighbour.rounds(PHASE_MILLIS, loud);
            hostile.join();
          }
          ServerSnapshot after = daemon.stats();
          String name = flood.getKey() + (reads ? "" : ", answers not read");
          System.out.printf(
              "%s | %d | %d | %d | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f%n",
              name,
              loud.getTotalCount(),
              after.sessionsOpened() - before.sessionsOpened(),
              after.usefulRows() - before.usefulRows(),
              millis(quiet, 50),
              millis(loud, 50),
              millis(loud, 50) / millis(quiet, 50),
              millis(quiet, 99),
              millis(loud, 99),
              millis(loud, 99) / millis(quiet, 99));
          if (millis(loud, 99) > 1.05 * millis(quiet, 99)) {
            slower.add(name);
          }
        }
      }
    }
    assertTrue(
        slower.isEmpty(), () -> "a neighbour's p99 is more than 1.05 times as long: " + slower);
  }

  private static Thread hostile(Daemon daemon, byte[] frames, boolean reads) {
    AtomicReference<Exception> failure = new AtomicReference<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                if (frames != null) {
                  Floods.send(daemon.address(), frames, reads, PHASE_MILLIS);
                }
              } catch (Exception e) {
                failure.set(e);
              }
            },
            "hostile");
    thread.start();
    return thread;
  }

  private static double millis(Histogram histogram, double percentile) {
    return histogram.getValueAtPercentile(percentile) / 1e6;
  }
}
