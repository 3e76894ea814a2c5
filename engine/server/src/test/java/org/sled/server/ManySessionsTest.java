package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.jni.EngineParams;
import org.sled.net.client.ClientTransport;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;
import org.sled.server.observe.ServerSnapshot;

/**
 * More sessions than the demo target's context has sequences, active in turns, some of them with a
 * common beginning: each gets the text that it gets alone. {@code -Dsled.test.sessions=1000
 * -Dsled.test.sequences=256} makes it large.
 */
class ManySessionsTest {
  private static final int SESSIONS = Integer.getInteger("sled.test.sessions", 40);
  private static final int SEQUENCES = Integer.getInteger("sled.test.sequences", 8);
  private static final int CONTEXT = 256;
  private static final int TURNS = 3;
  private static final int TOKENS_PER_TURN = 4;
  private static final int VOCABULARY = 2000;

  private static ServerConfig config(int sessions, int sequences, SchedulingConfig scheduling) {
    Path model = Path.of(System.getProperty("sled.home"), "models", "demo-target.gguf");
    return ServerConfig.of(model)
        .listen("127.0.0.1", 0)
        .sessions(sessions)
        .scheduling(scheduling)
        .engineParams(
            EngineParams.DEFAULT
                .withSequenceCount(sequences)
                .withContextTokens(CONTEXT)
                .withThreads(1))
        .conclude();
  }

  private static SchedulingConfig scheduling(long swapBytes, boolean sharesPrefixes) {
    SchedulingConfig usual = SchedulingConfig.DEFAULT;
    return new SchedulingConfig(
        usual.kind(),
        usual.batchSize(),
        usual.batchTimeoutMillis(),
        usual.prefillChunk(),
        usual.prefillShare(),
        usual.tokenMillis(),
        swapBytes,
        sharesPrefixes);
  }

  private static List<Integer> prompt(int session) {
    List<Integer> tokens = new ArrayList<>();
    for (int i = 0; i < 30 + session % 7; i++) {
      // Every third one begins like some others.
      int own = session % 3 == 0 && i < 20 ? session % 4 : session;
      tokens.add(5 + Math.floorMod((own * 31 + i * i * 17) * 13, VOCABULARY));
    }
    return tokens;
  }

  private static void turn(TestDevice device, int session, List<Integer> text) throws Exception {
    device.connection.send(new Push(session + 1, 1, text.size() - 1, TOKENS_PER_TURN));
    for (int i = 0; i < TOKENS_PER_TURN; i++) {
      text.addAll(device.receive(TestDevice.Tokens.class).ids());
    }
  }

  private static List<Integer> open(TestDevice device, int session) throws Exception {
    List<Integer> text = new ArrayList<>(prompt(session));
    int[] prompt = text.stream().mapToInt(Integer::intValue).toArray();
    device.connection.send(
        new Open(
            session + 1,
            1,
            0,
            Open.IGNORE_EOG,
            Sampling.GREEDY,
            prompt.length,
            TokenIds.of(prompt)));
    text.add(device.receive(Opened.class).firstToken());
    return text;
  }

  private static void close(TestDevice device, int session) throws Exception {
    device.connection.send(new Close(session + 1, 1));
    device.receive(Closed.class);
  }

  @Test
  @Timeout(600)
  void inTurnsLikeAlone() throws Exception {
    List<List<Integer>> alone = new ArrayList<>();
    try (ClientTransport transport = new ClientTransport(1);
        Daemon daemon = Daemon.start(config(1, 1, scheduling(0, false)));
        TestDevice device = new TestDevice(transport, daemon.address())) {
      for (int i = 0; i < SESSIONS; i++) {
        List<Integer> text = open(device, i);
        for (int turn = 0; turn < TURNS; turn++) {
          turn(device, i, text);
        }
        close(device, i);
        alone.add(text);
      }
    }
    for (long swapBytes : new long[] {1L << 30, 0}) {
      inTurns(alone, swapBytes);
    }
  }

  /** Neither ever pauses, and each could take over what the other has of the prompt. */
  @Test
  @Timeout(300)
  void twoStreamsOfOnePromptShareOneSequence() throws Exception {
    int newTokens = 100;
    List<Integer> alone;
    try (ClientTransport transport = new ClientTransport(1);
        Daemon daemon = Daemon.start(config(1, 1, scheduling(0, false)));
        TestDevice device = new TestDevice(transport, daemon.address())) {
      alone = open(device, 1);
      push(device, 1, alone, newTokens);
      receive(device, alone, newTokens);
    }
    for (long swapBytes : new long[] {1L << 30, 0}) {
      try (ClientTransport transport = new ClientTransport(1);
          Daemon daemon = Daemon.start(config(2, 1, scheduling(swapBytes, true)));
          TestDevice first = new TestDevice(transport, daemon.address());
          TestDevice second = new TestDevice(transport, daemon.address())) {
        List<Integer> firstText = open(first, 1);
        push(first, 1, firstText, newTokens);
        List<Integer> secondText = open(second, 1);
        push(second, 1, secondText, newTokens);
        receive(first, firstText, newTokens);
        receive(second, secondText, newTokens);
        assertEquals(alone, firstText);
        assertEquals(alone, secondText);
      }
    }
  }

  private static void push(TestDevice device, int session, List<Integer> text, int tokens) {
    device.connection.send(new Push(session + 1, 1, text.size() - 1, tokens));
  }

  private static void receive(TestDevice device, List<Integer> text, int tokens) throws Exception {
    for (int i = 0; i < tokens; i++) {
      text.addAll(device.receive(TestDevice.Tokens.class).ids());
    }
  }

  private static void inTurns(List<List<Integer>> alone, long swapBytes) throws Exception {
    try (ClientTransport transport = new ClientTransport(1);
        Daemon daemon = Daemon.start(config(SESSIONS, SEQUENCES, scheduling(swapBytes, true)));
        TestDevice device = new TestDevice(transport, daemon.address())) {
      List<List<Integer>> texts = new ArrayList<>();
      for (int i = 0; i < SESSIONS; i++) {
        texts.add(open(device, i));
      }
      for (int turn = 0; turn < TURNS; turn++) {
        for (int i = 0; i < SESSIONS; i++) {
          turn(device, i, texts.get(i));
        }
      }
      assertEquals(alone, texts);
      ServerSnapshot stats = daemon.stats();
      assertEquals(SESSIONS, stats.sessionsInUse());
      assertTrue(swapBytes == 0 || stats.swappedOut() > SESSIONS, "" + stats.swappedOut());
      for (int i = 0; i < SESSIONS; i++) {
        close(device, i);
      }
      assertEquals(0, daemon.stats().sessionsInUse());
      // The daemon counts cells when it is idle, a tenth of a second later at most.
      for (int i = 0; i < 100 && daemon.stats().kvCellsUsed() > 0; i++) {
        Thread.sleep(20);
      }
      assertEquals(0, daemon.stats().kvCellsUsed());
    }
  }
}
