package org.sled.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.bench.load.BenchDeviceException;
import org.sled.bench.load.BenchRequest;
import org.sled.net.channel.EmulatedLink;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenBias;
import org.sled.net.protocol.TokenIds;

@Timeout(60)
class LlamaServerDeviceTest {
  private static final HttpTransport TRANSPORT = new HttpTransport(1);
  private static final BenchRequest REQUEST =
      new BenchRequest(0, 0, TokenIds.of(1, 2, 3), 4, true, Sampling.GREEDY);
  private static final String END =
      "{\"stop\":true,\"stop_type\":\"limit\",\"tokens_predicted\":%d,"
          + "\"timings\":{\"draft_n\":3,\"draft_n_accepted\":1}}";

  @AfterAll
  static void stop() {
    TRANSPORT.close();
  }

  private static String token(int id, int count) {
    return "{\"content\":\"ä\",\"tokens\":["
        + id
        + "],\"stop\":false,\"tokens_predicted\":"
        + count
        + "}";
  }

  private static List<Integer> run(LlamaServerDevice device) throws InterruptedException {
    List<Integer> tokens = new ArrayList<>();
    device.run(
        REQUEST,
        (nanos, ids) -> {
          for (int id : ids) {
            tokens.add(id);
          }
        });
    return List.copyOf(tokens);
  }

  @Test
  void streamsTokens() throws Exception {
    try (FakeLlamaServer server =
            new FakeLlamaServer(
                FakeLlamaServer.stream(token(7, 1), token(8, 2), END.formatted(2)),
                FakeLlamaServer.stream(token(9, 1), END.formatted(1)));
        LlamaServerDevice device = new LlamaServerDevice(TRANSPORT, server.address(), null)) {
      assertEquals(List.of(7, 8), run(device));
      assertEquals(List.of(9), run(device));
      assertEquals(2, server.bodies.size(), "none was sent twice");
      assertEquals(6, device.draftTokens());
      assertEquals(2, device.acceptedTokens());
      JsonNode body = new ObjectMapper().readTree(server.bodies.take());
      assertEquals("[1,2,3]", body.path("prompt").toString());
      assertEquals(4, body.path("n_predict").asInt());
      assertTrue(body.path("ignore_eos").asBoolean());
      assertTrue(device.bytesUp() > 400, "up " + device.bytesUp());
      assertTrue(device.bytesDown() > 400, "down " + device.bytesDown());
    }
  }

  @Test
  void tokensThatTheServerKeptBackAreCounted() throws Exception {
    int unknown = LlamaServerDevice.UNKNOWN_TOKEN;
    try (FakeLlamaServer server =
            new FakeLlamaServer(
                FakeLlamaServer.stream(token(7, 1), token(8, 4), END.formatted(5)));
        LlamaServerDevice device = new LlamaServerDevice(TRANSPORT, server.address(), null)) {
      assertEquals(List.of(7, unknown, unknown, 8, unknown), run(device));
    }
  }

  @Test
  void linkDelaysBothWays() throws Exception {
    try (EmulatedLink link = new EmulatedLink(200_000_000L, 0, 0, 1);
        FakeLlamaServer server =
            new FakeLlamaServer(FakeLlamaServer.stream(token(7, 1), END.formatted(1)));
        LlamaServerDevice device = new LlamaServerDevice(TRANSPORT, server.address(), link)) {
      device.connect();
      long begun = System.nanoTime();
      assertEquals(List.of(7), run(device));
      long millis = (System.nanoTime() - begun) / 1_000_000;
      assertTrue(millis >= 200, millis + " ms");
    }
  }

  @Test
  void refusalIsReportedAndTheConnectionKept() throws Exception {
    String body = "{\"error\":{\"code\":500,\"message\":\"prompt is too long\"}}";
    try (FakeLlamaServer server =
            new FakeLlamaServer(
                FakeLlamaServer.error(500, body),
                FakeLlamaServer.error(503, "<html>"),
                FakeLlamaServer.stream("{\"error\":{\"message\":\"no slot\"}}"),
                FakeLlamaServer.stream(token(7, 1), END.formatted(1)));
        LlamaServerDevice device = new LlamaServerDevice(TRANSPORT, server.address(), null)) {
      assertFails(device, "prompt is too long", "(HTTP 500)");
      assertFails(device, "<html>", "(HTTP 503)");
      assertFails(device, "no slot");
      assertEquals(1, server.connections.get());
      assertEquals(List.of(7), run(device));
    }
  }

  @Test
  void cutStreamIsReported() throws Exception {
    try (FakeLlamaServer server =
            new FakeLlamaServer(
                FakeLlamaServer.cutAfter(token(7, 1)),
                FakeLlamaServer.stream(token(7, 1)),
                FakeLlamaServer.stream("no json"),
                FakeLlamaServer.stream(token(7, 1), END.formatted(1)));
        LlamaServerDevice device = new LlamaServerDevice(TRANSPORT, server.address(), null)) {
      assertFails(device, "closed the connection");
      assertFails(device, "ended the stream before the request was done");
      assertFails(device, "no JSON");
      assertEquals(List.of(7), run(device));
    }
  }

  @Test
  void idleConnectionThatTheServerClosedIsReplaced() throws Exception {
    FakeLlamaServer.Answer refusal = FakeLlamaServer.error(500, "{}");
    try (FakeLlamaServer server =
            new FakeLlamaServer(
                (self, socket) -> {
                  refusal.to(self, socket);
                  return false;
                },
                FakeLlamaServer.stream(token(7, 1), END.formatted(1)));
        LlamaServerDevice device = new LlamaServerDevice(TRANSPORT, server.address(), null)) {
      assertFails(device, "(HTTP 500)");
      assertEquals(List.of(7), run(device));
    }
  }

  @Test
  void goneServerIsReported() throws Exception {
    FakeLlamaServer server = new FakeLlamaServer();
    server.close();
    try (LlamaServerDevice device = new LlamaServerDevice(TRANSPORT, server.address(), null)) {
      assertFails(device, "cannot connect", "check that the server still runs");
    }
  }

  @Test
  void serverThatGoesAwayAfterARequestLeavesItDone() throws Exception {
    FakeLlamaServer server =
        new FakeLlamaServer(FakeLlamaServer.stream(token(7, 1), END.formatted(1)));
    try (LlamaServerDevice device = new LlamaServerDevice(TRANSPORT, server.address(), null)) {
      device.connect();
      List<Integer> tokens = new ArrayList<>();
      device.run(
          REQUEST,
          (nanos, ids) -> {
            server.close();
            tokens.add(ids[0]);
          });
      assertEquals(List.of(7), tokens);
      assertFails(device, "cannot connect");
    }
  }

  @Test
  void interruptHangsUpAndTheNextRequestConnectsAnew() throws Exception {
    try (FakeLlamaServer server =
            new FakeLlamaServer(
                FakeLlamaServer.hangAfter(token(7, 1)),
                FakeLlamaServer.stream(token(8, 1), END.formatted(1)));
        LlamaServerDevice device = new LlamaServerDevice(TRANSPORT, server.address(), null)) {
      CountDownLatch first = new CountDownLatch(1);
      AtomicReference<Throwable> thrown = new AtomicReference<>();
      Thread runner =
          new Thread(
              () -> {
                try {
                  device.run(REQUEST, (nanos, ids) -> first.countDown());
                } catch (InterruptedException | BenchDeviceException e) {
                  thrown.set(e);
                }
              });
      runner.start();
      first.await();
      runner.interrupt();
      runner.join(Duration.ofSeconds(20).toMillis());
      assertTrue(thrown.get() instanceof InterruptedException, String.valueOf(thrown.get()));
      assertTrue(server.hungUp.await(20, TimeUnit.SECONDS));
      assertEquals(List.of(8), run(device));
    }
  }

  @Test
  void samplingIsMapped() {
    Sampling sampling =
        new Sampling(0.5f, 40, 0.25f, 0.125f, 1.5f, 2f, 3f, -1, -1L, List.of(new TokenBias(9, 4f)));
    BenchRequest request = new BenchRequest(0, 0, TokenIds.of(1, 2, 3), 4, false, sampling);
    JsonNode json = CompletionRequest.json(request);
    assertEquals(0.5, json.path("temperature").asDouble());
    assertEquals(40, json.path("top_k").asInt());
    assertEquals(0.25, json.path("top_p").asDouble());
    assertEquals(0.125, json.path("min_p").asDouble());
    assertEquals(1.5, json.path("repeat_penalty").asDouble());
    assertEquals(2, json.path("presence_penalty").asDouble());
    assertEquals(3, json.path("frequency_penalty").asDouble());
    assertEquals(7, json.path("repeat_last_n").asInt());
    assertEquals(0, json.path("seed").asLong(), "0xffffffff would be a random seed");
    assertEquals("[[9,4.0]]", json.path("logit_bias").toString());
    assertEquals("false", json.path("cache_prompt").toString());
  }

  private static void assertFails(LlamaServerDevice device, String... parts) {
    String text = assertThrows(BenchDeviceException.class, () -> run(device)).getMessage();
    for (String part : parts) {
      assertTrue(text.contains(part), text);
    }
  }
}
