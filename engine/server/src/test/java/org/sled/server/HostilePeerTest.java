package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.net.client.ClientTransport;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.Opened;
import org.slf4j.LoggerFactory;

/**
 * Peers that send as much as they can of everything there is, for {@code -Dsled.flood.millis} each,
 * beside a device that goes on with its text all the while.
 */
@Timeout(600)
class HostilePeerTest {
  private static final int FLOOD_MILLIS = Integer.getInteger("sled.flood.millis", 50);
  private static final int SESSIONS = 8;
  private static final int CONTEXT = 30_000;
  private static final int LONG_PROMPT = 20_000;
  private static final List<Integer> PROMPT = List.of(5, 6, 7, 8);

  /** What all floods together may write: a minute's worth of one is less than this. */
  private static final long LOG_BYTES = 100_000;

  /** What all floods together may hold in buffers at a time, above what there was before. */
  private static final long DIRECT_BYTES = 96L * 1024 * 1024;

  private final AtomicLong logBytes = new AtomicLong();
  private final List<String> logLines = new ArrayList<>();
  private final AppenderBase<ILoggingEvent> log =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          String line = event.getFormattedMessage();
          logBytes.addAndGet(line.length() + 40L);
          synchronized (logLines) {
            logLines.add(line);
          }
        }
      };
  private final ScriptedTarget target = new ScriptedTarget(2 * SESSIONS, SESSIONS, CONTEXT);
  private ClientTransport transport;
  private Daemon daemon;

  @BeforeEach
  void start() throws Exception {
    Logger logger = (Logger) LoggerFactory.getLogger("org.sled");
    logger.setLevel(Level.WARN);
    log.setContext(logger.getLoggerContext());
    log.start();
    logger.addAppender(log);
    daemon = ScriptedDaemon.start(target);
    transport = new ClientTransport(1);
  }

  @AfterEach
  void stop() {
    transport.close();
    daemon.close();
    ((Logger) LoggerFactory.getLogger("org.sled")).detachAppender(log);
  }

  /** A device that drafts for ever, and checks every token. */
  private final class Neighbour implements AutoCloseable {
    final AtomicInteger rounds = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final TestDevice device;
    private final Thread thread;
    private volatile boolean leaving;

    Neighbour() throws Exception {
      device = new TestDevice(transport, daemon.address());
      thread = new Thread(this::run, "neighbour");
      thread.start();
    }

    private void run() {
      try {
        List<Integer> tokens = new ArrayList<>(PROMPT);
        device.open(1, PROMPT, 0);
        tokens.add(device.receive(Opened.class).firstToken());
        for (int round = 1; !leaving && tokens.size() < CONTEXT - 10; round++) {
          assertEquals(
              ScriptedTarget.next(tokens.subList(0, tokens.size() - 1)),
              tokens.get(tokens.size() - 1));
          device.draft(1, round, 1, tokens.size() - 1, 0, tokens.get(tokens.size() - 1), 3);
          TestDevice.Verdict verdict = device.receive(TestDevice.Verdict.class);
          if (verdict.accepted() == 1) {
            tokens.add(3);
          }
          tokens.add(verdict.nextToken());
          rounds.incrementAndGet();
        }
      } catch (Throwable e) {
        failure.set(e);
      }
    }

    /** Fails unless the device got a few rounds further since. */
    void awaitProgress(String during) throws InterruptedException {
      int from = rounds.get();
      long end = System.nanoTime() + 20_000_000_000L;
      while (rounds.get() < from + 3 && failure.get() == null && System.nanoTime() - end < 0) {
        Thread.sleep(5);
      }
      if (failure.get() != null) {
        throw new AssertionError("the neighbour fails during " + during, failure.get());
      }
      assertTrue(
          rounds.get() >= from + 3 || !thread.isAlive(), "the neighbour stands still: " + during);
    }

    @Override
    public void close() {
      leaving = true;
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
      device.close();
      assertEquals(null, failure.get());
    }
  }

  @Test
  void floodsDisturbNobody() throws Exception {
    long before = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
    try (Neighbour neighbour = new Neighbour()) {
      for (Map.Entry<String, byte[]> flood : Floods.all(CONTEXT, LONG_PROMPT).entrySet()) {
        for (boolean reads : new boolean[] {true, false}) {
          String what = flood.getKey() + (reads ? "" : ", answers not read");
          AtomicReference<Exception> failure = new AtomicReference<>();
          Thread hostile =
              new Thread(
                  () -> {
                    try {
                      Floods.send(daemon.address(), flood.getValue(), reads, FLOOD_MILLIS);
                    } catch (Exception e) {
                      failure.set(e);
                    }
                  },
                  "hostile");
          hostile.start();
          neighbour.awaitProgress(what);
          hostile.join();
          neighbour.awaitProgress("after " + what);
          assertEquals(null, failure.get(), what);
          long direct = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory() - before;
          assertTrue(direct < DIRECT_BYTES, () -> direct + " bytes of buffers after " + what);
          assertTrue(logBytes.get() < LOG_BYTES, () -> logBytes + " bytes of log after " + what);
        }
      }
    }
    awaitSessions(0, "at the end");
    synchronized (logLines) {
      for (String line : logLines) {
        assertTrue(line.chars().noneMatch(Character::isISOControl), line);
        assertTrue(line.length() < 600, line);
      }
      assertTrue(logLines.stream().anyMatch(line -> line.contains("more errors")));
    }
  }

  @Test
  void garbageInThousandsOfConnectionsDisturbsNobody() throws Exception {
    Random random = new Random(7);
    byte[] garbage = new byte[200];
    byte[] hello = Floods.bytes(Hello.withoutTokenizer("", "hostile"));
    try (Neighbour neighbour = new Neighbour()) {
      for (int i = 0; i < 20 * FLOOD_MILLIS; i++) {
        random.nextBytes(garbage);
        try (Socket socket = Floods.connect(daemon.address())) {
          if (i % 2 == 0) {
            socket.getOutputStream().write(hello);
          }
          socket.getOutputStream().write(garbage);
        } catch (IOException e) {
          // It was closed before all was written.
        }
      }
      neighbour.awaitProgress("garbage");
      assertTrue(logBytes.get() < LOG_BYTES, () -> logBytes + " bytes of log");
    }
  }

  /** Each writes no faster than the server reads, so that many do at a time. */
  @Test
  void framesThatNeverEndShareABudget() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(16);
    List<Socket> sockets = Collections.synchronizedList(new ArrayList<>());
    byte[] hello = Floods.bytes(Hello.withoutTokenizer("", "hostile"));
    byte[] most = Arrays.copyOf(Floods.frame(FrameType.OPEN.number(), 1, 1024 * 1024), 1_000_000);
    long before = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
    try (Neighbour neighbour = new Neighbour()) {
      List<Future<?>> peers = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        peers.add(
            threads.submit(
                () -> {
                  Socket socket = Floods.connect(daemon.address());
                  sockets.add(socket);
                  try {
                    socket.getOutputStream().write(hello);
                    socket.getOutputStream().write(most);
                  } catch (IOException e) {
                    // Turned away meanwhile.
                  }
                  return null;
                }));
      }
      for (Future<?> peer : peers) {
        peer.get();
      }
      neighbour.awaitProgress("half frames");
      long direct = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory() - before;
      assertTrue(direct < DIRECT_BYTES, () -> direct + " bytes of buffers");
      assertTrue(logBytes.get() < LOG_BYTES, () -> logBytes + " bytes of log");
      synchronized (logLines) {
        assertTrue(
            logLines.stream().anyMatch(line -> line.contains("came in part")), logLines::toString);
      }
    } finally {
      threads.shutdownNow();
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  private void awaitSessions(int expected, String when) throws InterruptedException {
    long end = System.nanoTime() + 120_000_000_000L;
    while (daemon.stats().sessionsInUse() != expected && System.nanoTime() - end < 0) {
      Thread.sleep(5);
    }
    assertEquals(expected, daemon.stats().sessionsInUse(), when);
  }
}
