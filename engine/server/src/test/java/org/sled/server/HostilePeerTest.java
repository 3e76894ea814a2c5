package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.net.client.ClientTransport;
import org.sled.net.codec.FrameEncoder;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.Message;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Ping;
import org.sled.net.protocol.Pong;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.VocabularyRequest;
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
  private static final List<Integer> PROMPT = List.of(5, 6, 7, 8);

  private static final int SEND_BUFFER_BYTES = 16 * 1024;

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
    daemon =
        Daemon.start(
            ServerConfig.of(Path.of("scripted")).listen("127.0.0.1", 0).conclude(),
            new TargetDescription(
                new TokenizerFingerprint(ScriptedTarget.VOCABULARY, 1, 2, 3, 4),
                CONTEXT,
                SESSIONS,
                SESSIONS,
                512,
                63,
                true,
                42,
                "scripted",
                ""),
            target);
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

  private static byte[] bytes(Message... messages) {
    ByteBuf out = Unpooled.buffer();
    for (Message message : messages) {
      FrameEncoder.write(message, out);
    }
    return ByteBufUtil.getBytes(out);
  }

  private static byte[] draft(int session, int round, int epoch, int kvOffset, int drafts) {
    ByteBuf out = Unpooled.buffer();
    DraftFrame.writeHead(out, session, round, epoch, kvOffset, 0, 0, drafts, 7);
    for (int i = 0; i < drafts; i++) {
      out.writeIntLE(3);
    }
    return ByteBufUtil.getBytes(out);
  }

  private static byte[] frame(int type, int session, int length) {
    ByteBuf out = Unpooled.buffer();
    FrameHeader.write(out, length, FrameType.PING, session, 0);
    out.setByte(FrameHeader.TYPE_OFFSET, type).writeZero(length - FrameHeader.BYTES);
    return ByteBufUtil.getBytes(out);
  }

  private static Open open(int session, Sampling sampling, int total, int... ids) {
    return new Open(
        session,
        1,
        0,
        total > ids.length ? Open.MORE_PROMPT : 0,
        sampling,
        total,
        TokenIds.of(ids));
  }

  /** What is sent over and over, by name. */
  private static Map<String, byte[]> floods() {
    String nasty = "gone\n12:00:00.000 ERROR Verifier: the disk burns\u001b[2J".repeat(20);
    Open good = open(1, Sampling.GREEDY, 4, 5, 6, 7, 8);
    Map<String, byte[]> floods = new LinkedHashMap<>();
    floods.put("PING", bytes(new Ping(1, 2)));
    floods.put("PONG", bytes(new Pong(1, 2)));
    floods.put("ERROR", bytes(ErrorMessage.fatal(ErrorCode.INTERNAL, nasty)));
    floods.put("unknown", frame(0x80, 0, 16));
    floods.put("long unknown", frame(0xff, 0, 1024 * 1024));
    floods.put("VOCABULARY", bytes(new VocabularyRequest(0, 1)));
    floods.put("OPEN, not possible", bytes(open(9, Sampling.GREEDY, CONTEXT + 1, 5)));
    floods.put("OPEN, half", bytes(open(9, Sampling.GREEDY, CONTEXT - 1, new int[1000])));
    floods.put("OPEN, long", bytes(open(9, Sampling.GREEDY, 20_000, new int[20_000])));
    floods.put(
        "OPEN and CLOSE",
        bytes(open(9, Sampling.GREEDY, 20_000, new int[20_000]), new Close(9, 1)));
    floods.put(
        "RESUME",
        bytes(
            Resume.of(open(9, Sampling.GREEDY, 4, 5, 6, 7, 8))
                .withoutTokens(new StreamSecret(1, 2))));
    floods.put("CANCEL", bytes(new Cancel(77, 1)));
    floods.put("CLOSE", bytes(new Close(77, 1)));
    floods.put("PUSH", bytes(new Push(77, 1, 3, 1)));
    floods.put("DRAFT", draft(77, 1, 1, 4, 62));
    floods.put("OPEN again", bytes(good));
    // Of session 1, which is opened first.
    floods.put("DRAFT of epoch 9", draft(1, 1, 9, 4, 2));
    floods.put("DRAFT far ahead", draft(1, 1, 1, 4_000, 2));
    floods.put("DRAFT with strange tokens", draft(1, 1, 1, 4, 63));
    floods.put("stale DRAFT", draft(1, 1, 1, 2, 62));
    floods.put("CANCEL of a session", bytes(new Cancel(1, 1)));
    floods.put("PUSH at nowhere", bytes(new Push(1, 1, 4_000, 1)));
    floods.put("PUSH for ever", bytes(new Push(1, 1, 3, Integer.MAX_VALUE)));
    floods.put("PUSH taken back", bytes(new Push(1, 1, 3, 0)));
    return floods;
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket();
    // What is still under way when it is closed is read at the server's pace before its end shows.
    socket.setSendBufferSize(SEND_BUFFER_BYTES);
    socket.connect(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), daemon.address().getPort()));
    return socket;
  }

  /** Sends the same for a while; without reading what comes back, or with. */
  @SuppressWarnings("try") // closed early: that ends its two threads
  private void flood(byte[] frames, boolean reads) throws Exception {
    ByteBuf many = Unpooled.buffer();
    while (many.readableBytes() < 64 * 1024) {
      many.writeBytes(frames);
    }
    byte[] block = ByteBufUtil.getBytes(many);
    Socket socket = connect();
    try {
      socket
          .getOutputStream()
          .write(
              bytes(
                  Hello.withoutTokenizer("", "hostile"), open(1, Sampling.GREEDY, 4, 5, 6, 7, 8)));
      Thread writer =
          new Thread(
              () -> {
                try {
                  while (true) {
                    socket.getOutputStream().write(block);
                  }
                } catch (IOException e) {
                  // Closed by this test, or by the server.
                }
              },
              "hostile-writer");
      writer.start();
      Thread reader =
          new Thread(
              () -> {
                try {
                  socket.getInputStream().transferTo(OutputStream.nullOutputStream());
                } catch (IOException e) {
                  // Closed.
                }
              },
              "hostile-reader");
      if (reads) {
        reader.start();
      }
      Thread.sleep(FLOOD_MILLIS);
      socket.close();
      writer.join();
      reader.join();
    } finally {
      socket.close();
    }
  }

  @Test
  void floodsDisturbNobody() throws Exception {
    long before = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
    try (Neighbour neighbour = new Neighbour()) {
      for (Map.Entry<String, byte[]> flood : floods().entrySet()) {
        for (boolean reads : new boolean[] {true, false}) {
          String what = flood.getKey() + (reads ? "" : ", answers not read");
          AtomicReference<Exception> failure = new AtomicReference<>();
          Thread hostile =
              new Thread(
                  () -> {
                    try {
                      flood(flood.getValue(), reads);
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
    byte[] hello = bytes(Hello.withoutTokenizer("", "hostile"));
    try (Neighbour neighbour = new Neighbour()) {
      for (int i = 0; i < 20 * FLOOD_MILLIS; i++) {
        random.nextBytes(garbage);
        try (Socket socket = connect()) {
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

  @Test
  void framesThatNeverEndShareABudget() throws Exception {
    List<Socket> sockets = new ArrayList<>();
    byte[] hello = bytes(Hello.withoutTokenizer("", "hostile"));
    byte[] most = Arrays.copyOf(frame(FrameType.OPEN.number(), 1, 1024 * 1024), 1_000_000);
    long before = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
    try (Neighbour neighbour = new Neighbour()) {
      for (int i = 0; i < 200; i++) {
        Socket socket = connect();
        sockets.add(socket);
        try {
          socket.getOutputStream().write(hello);
          socket.getOutputStream().write(most);
        } catch (IOException e) {
          // Turned away meanwhile.
        }
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
