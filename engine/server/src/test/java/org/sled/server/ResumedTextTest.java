package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sled.jni.EngineParams;
import org.sled.net.client.ClientTransport;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.protocol.TokenIds;

/** The demo target: a stream that goes on elsewhere is, token for token, the one that was cut. */
class ResumedTextTest {
  private static final int TOKENS = 80;
  private static final int[] CUTS = {1, 30, 61, 79};

  /** Depends on everything that could get lost: positions, the tokens before, the seed. */
  private static final Sampling SAMPLING =
      new Sampling(0.9f, 50, 0.95f, 0f, 1.2f, 0.1f, 0.1f, -1, 1234, List.of());

  private static final List<Integer> PROMPT = prompt();

  private static List<Integer> prompt() {
    List<Integer> prompt = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      prompt.add(10 + 13 * i);
    }
    return prompt;
  }

  private static Daemon daemon() throws Exception {
    Path model = Path.of(System.getProperty("sled.home"), "models", "demo-target.gguf");
    return Daemon.start(
        ServerConfig.of(model)
            .listen("127.0.0.1", 0)
            .engineParams(
                EngineParams.DEFAULT.withSequenceCount(4).withContextTokens(512).withThreads(1))
            .conclude());
  }

  private static Open open(int epoch, List<Integer> tokens) {
    int[] ids = tokens.stream().mapToInt(Integer::intValue).toArray();
    int wanted = PROMPT.size() + TOKENS - tokens.size();
    return new Open(1, epoch, wanted, Open.IGNORE_EOG, SAMPLING, ids.length, TokenIds.of(ids));
  }

  /** Appends tokens until there are so many new ones; the stream's secret. */
  private static StreamSecret go(TestDevice device, int epoch, List<Integer> tokens, int newTokens)
      throws InterruptedException {
    Opened opened = device.receive(Opened.class);
    tokens.add(opened.firstToken());
    int missing = PROMPT.size() + newTokens - tokens.size();
    if (missing > 0) {
      device.connection.send(new Push(1, epoch, tokens.size() - 1, missing));
    }
    for (int i = 0; i < missing; i++) {
      tokens.addAll(device.receive(TestDevice.Tokens.class).ids());
    }
    return opened.secret();
  }

  @Test
  void isTheTextThatThereWouldHaveBeen() throws Exception {
    try (Daemon first = daemon();
        Daemon second = daemon();
        ClientTransport transport = new ClientTransport(1)) {
      List<Integer> expected = new ArrayList<>(PROMPT);
      try (TestDevice device = new TestDevice(transport, second.address())) {
        assertTrue(device.connection.welcome().hasExactNumerics());
        device.connection.open(open(1, PROMPT));
        go(device, 1, expected, TOKENS);
      }
      for (int cut : CUTS) {
        List<Integer> begun = new ArrayList<>(PROMPT);
        StreamSecret secret;
        try (TestDevice device = new TestDevice(transport, first.address())) {
          device.connection.open(open(1, begun));
          secret = go(device, 1, begun, cut);
        }
        assertEquals(expected.subList(0, begun.size()), begun);

        List<Integer> there = new ArrayList<>(begun);
        try (TestDevice device = new TestDevice(transport, first.address())) {
          device.connection.resume(Resume.of(open(2, begun)).withoutTokens(secret));
          go(device, 2, there, TOKENS);
        }
        assertEquals(expected, there, "on the same server, cut after " + cut);
      }
      try (Daemon fresh = daemon()) {
        List<Integer> elsewhere = new ArrayList<>(expected.subList(0, PROMPT.size() + CUTS[1]));
        try (TestDevice device = new TestDevice(transport, fresh.address())) {
          Resume resume = Resume.of(open(2, elsewhere));
          device.connection.resume(resume.withoutTokens(new StreamSecret(1, 2)));
          assertEquals(ErrorCode.RESUME_TOKENS, device.receive(ErrorMessage.class).code());
          device.connection.resume(resume);
          go(device, 2, elsewhere, TOKENS);
        }
        assertEquals(expected, elsewhere, "on a server that had never seen it");
      }
    }
  }
}
