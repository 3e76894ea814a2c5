package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.buffer.ByteBuf;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.files.ModelFiles;
import org.sled.jni.EngineParams;
import org.sled.net.client.ClientConnection;
import org.sled.net.client.ClientListener;
import org.sled.net.client.ClientTransport;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.GoAway;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;
import org.sled.server.Daemon;
import org.sled.server.ServerConfig;

/** More is asked for than a server has sessions: real models, real sockets. */
@Timeout(180)
final class FullServerTest {
  private static final int SESSIONS = 2;

  /** More devices, and more requests: {@code -Dsled.full.devices=64 -Dsled.full.requests=2000}. */
  private static final int DEVICES = Integer.getInteger("sled.full.devices", 12);

  private static final int REQUESTS = Integer.getInteger("sled.full.requests", 36);
  private static final int TOKENS = 8;

  @TempDir Path directory;

  private Daemon daemon;
  private String server;

  @BeforeEach
  void start() throws Exception {
    daemon =
        Daemon.start(
            ServerConfig.of(new ModelFiles(CliRun.HOME).find(ModelFiles.DEMO_TARGET))
                .listen("127.0.0.1", 0)
                .admin(new ServerConfig.Admin("127.0.0.1", 0, true))
                .engineParams(
                    EngineParams.DEFAULT
                        .withSequenceCount(SESSIONS)
                        .withContextTokens(256)
                        .withThreads(1))
                .conclude());
    server = "127.0.0.1:" + daemon.address().getPort();
  }

  @AfterEach
  void stop() {
    daemon.close();
  }

  /** The server's own numbers, by series. */
  private Map<String, Double> metrics(String accept) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + daemon.adminAddress().getPort() + "/metrics");
    HttpRequest request = HttpRequest.newBuilder(uri).header("Accept", accept).build();
    HttpResponse<String> response =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    Map<String, Double> values = new HashMap<>();
    response
        .body()
        .lines()
        .filter(line -> !line.startsWith("#"))
        .forEach(
            line -> {
              int space = line.lastIndexOf(' ');
              String value = line.substring(space + 1);
              values.put(line.substring(0, space), Double.valueOf(value));
            });
    return values;
  }

  private double waiting() throws Exception {
    return metrics("text/plain").get("sled_sessions_waiting");
  }

  private static List<String> threadsOfDevices() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("sled-draft") || name.startsWith("sled-bench"))
        .toList();
  }

  @Test
  void moreDevicesThanSessionsAllGetTheirTurn() throws Exception {
    Path report = directory.resolve("out");
    CliRun run =
        CliRun.of(
            "bench",
            "--server=" + server,
            "--raw",
            "--concurrency=" + DEVICES,
            "--num-prompts=" + REQUESTS,
            "--max-tokens=" + TOKENS,
            "--warmup=0",
            "--ignore-end",
            "--report=" + report);
    run.expect(ExitCodes.DONE);
    JsonNode json = new ObjectMapper().readTree(report.resolve("result.json").toFile());
    assertEquals(REQUESTS, json.at("/requests/completed").asInt(), run.out());
    assertEquals(0, json.at("/requests/failed").asInt());
    assertEquals(0, json.at("/requests/cancelled").asInt());
    assertTrue(json.at("/requests/failures").isEmpty());
    long waited = json.at("/requests/waited").asLong();
    assertTrue(waited >= DEVICES - SESSIONS, waited + " waited");
    assertEquals(waited, json.at("/wait_ms/count").asLong());
    assertTrue(run.out().contains("found all sessions taken and waited"), run.out());
    double longest = json.at("/wait_ms/max").asDouble();
    double median = json.at("/wait_ms/p50").asDouble();
    // A second for what a busy machine does to either.
    assertTrue(longest <= 2 * median + 1_000, "longest " + longest + " ms, median " + median);
    assertTrue(json.at("/ttft_ms/max").asDouble() >= longest, "waiting is a part of it");

    Map<String, Double> metrics = metrics("text/plain");
    for (int i = 0; i < 500 && metrics.get("sled_sessions_open") > 0; i++) {
      Thread.sleep(10);
      metrics = metrics("text/plain");
    }
    assertEquals(0, metrics.get("sled_sessions_open"));
    assertEquals(REQUESTS, metrics.get("sled_sessions_opened_total"));
    assertEquals((double) waited, metrics.get("sled_session_wait_seconds_count"));
    assertEquals(REQUESTS, metrics.get("sled_time_to_first_token_seconds_count"));
    assertEquals(REQUESTS * TOKENS, metrics.get("sled_generation_tokens_total"));
    assertEquals(0, metrics.get("sled_busy_answers_total{kind=\"full\"}"));
    assertEquals(0, metrics.get("sled_sessions_waits_given_up_total"));
    assertEquals(0, metrics.get("sled_sessions_waiting"));
    assertEquals(metrics, metrics("application/openmetrics-text; version=1.0.0"));
    assertEquals(List.of(), threadsOfDevices());
  }

  /** Takes sessions, and gives them back. */
  private static final class Holder implements ClientListener {
    final CountDownLatch opened = new CountDownLatch(SESSIONS);

    @Override
    public void onOpened(Opened message, long receivedNanos) {
      opened.countDown();
    }

    @Override
    public void onVerdict(int session, ByteBuf verdict, long receivedNanos) {
      verdict.release();
    }

    @Override
    public void onTokens(int session, ByteBuf tokens, long receivedNanos) {
      tokens.release();
    }

    @Override
    public void onClosed(Closed closed) {}

    @Override
    public void onError(ErrorMessage error) {}

    @Override
    public void onGoAway(GoAway goAway) {}

    @Override
    public void onDisconnected(String reason) {}
  }

  private CliRun generate(String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "generate",
                "--server=" + server,
                "--raw",
                "--prompt=Once upon a time",
                "--max-tokens=5"));
    args.addAll(List.of(more));
    return CliRun.of(args.toArray(String[]::new));
  }

  @Test
  void generateWaitsOrSaysWhenToComeAgain() throws Exception {
    Holder holder = new Holder();
    try (ClientTransport transport = new ClientTransport(1);
        ClientConnection connection =
            transport.connect(
                "127.0.0.1",
                daemon.address().getPort(),
                Hello.withoutTokenizer("", "holder"),
                Duration.ofSeconds(10),
                holder)) {
      for (int session = 1; session <= SESSIONS; session++) {
        connection.open(Open.of(session, 1, 0, Sampling.GREEDY, TokenIds.of(1, 2, 3)));
      }
      assertTrue(holder.opened.await(30, TimeUnit.SECONDS));
      CliRun refused = generate("--busy=fail");
      refused.expect(ExitCodes.FAILED);
      assertTrue(refused.err().contains("all 2 sessions of this server are taken"), refused.err());
      assertTrue(refused.err().contains("try again in"), refused.err());
      CliRun late = generate("--busy-timeout=1");
      late.expect(ExitCodes.FAILED);
      assertTrue(late.err().contains("[the server is full: waiting at place 1"), late.err());
      assertTrue(late.err().contains("no server had room within 1.0 s"), late.err());

      Thread release =
          new Thread(
              () -> {
                try {
                  for (int i = 0; i < 2_000 && waiting() == 0; i++) {
                    Thread.sleep(10);
                  }
                } catch (Exception e) {
                  throw new AssertionError(e);
                }
                connection.send(new Close(1, 1));
              });
      release.start();
      CliRun waited = generate();
      waited.expect(ExitCodes.DONE);
      assertTrue(waited.err().contains("[the server is full: waiting at place 1"), waited.err());
      assertFalse(waited.out().isBlank());
      release.join();
    }
  }
}
