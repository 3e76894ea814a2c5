package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sled.net.client.ClientTransport;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.GoAway;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Push;
import org.sled.server.observe.AdminServer;
import org.sled.server.observe.AdminView;
import org.sled.server.observe.ServerMetrics;

/** Metrics, health and readiness over real sockets, with a scripted target. */
final class AdminTest {
  private static final int SESSIONS = 2;
  private static final int CONTEXT = 200;
  private static final List<Integer> PROMPT = List.of(5, 6, 7, 8);
  private static final int PATIENCE_MILLIS = 20_000;

  private final ScriptedTarget target = new ScriptedTarget(2 * SESSIONS, SESSIONS, CONTEXT);
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private Daemon daemon;

  @AfterEach
  void stop() {
    if (daemon != null) {
      daemon.close();
    }
  }

  private static ServerConfig.Builder config(int adminPort, boolean required) {
    return ServerConfig.of(Path.of("scripted"))
        .listen("127.0.0.1", 0)
        .admin(new ServerConfig.Admin("127.0.0.1", adminPort, required));
  }

  private void start() throws IOException {
    daemon = Daemon.start(config(0, true).conclude(), target.description(), target);
  }

  private HttpResponse<String> request(String method, String path) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + daemon.adminAddress().getPort() + path);
    HttpRequest request =
        HttpRequest.newBuilder(uri).method(method, HttpRequest.BodyPublishers.noBody()).build();
    return http.send(request, HttpResponse.BodyHandlers.ofString());
  }

  private void expect(int status, String body, String path) throws Exception {
    HttpResponse<String> response = request("GET", path);
    assertEquals(status, response.statusCode(), response::body);
    assertEquals(body, response.body().stripTrailing());
  }

  private double metric(String series) throws Exception {
    HttpResponse<String> response = request("GET", "/metrics");
    assertEquals(HttpURLConnection.HTTP_OK, response.statusCode());
    return response
        .body()
        .lines()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElseThrow(() -> new AssertionError(series + " is missing in\n" + response.body()));
  }

  @Test
  void metricsTellWhatRoundsDid() throws Exception {
    start();
    List<Integer> expected = ScriptedTarget.stream(PROMPT, 50);
    try (ClientTransport transport = new ClientTransport(1);
        TestDevice device = new TestDevice(transport, daemon.address())) {
      device.open(1, PROMPT, 50);
      device.receive(Opened.class);
      device.draft(1, 1, 1, 4, 0, expected.get(4), expected.get(5), expected.get(6), 3, 3);
      assertEquals(2, device.receive(TestDevice.Verdict.class).accepted());
      device.draft(1, 2, 1, 7, 0, expected.get(7), expected.get(8));
      assertEquals(1, device.receive(TestDevice.Verdict.class).accepted());
      device.connection.send(new Push(1, 1, 9, 2));
      device.receive(TestDevice.Tokens.class);
      device.receive(TestDevice.Tokens.class);
      device.open(2, PROMPT, 50);
      device.receive(Opened.class);
      device.open(3, PROMPT, 50);
      device.receive(ErrorMessage.class);
      device.connection.send(new Close(2, 1));
      device.receive(Closed.class);

      assertEquals(1, metric("sled_sessions_open"));
      assertEquals(1, metric("sled_num_requests_running"));
      assertEquals(0, metric("sled_num_requests_waiting{kind=\"block\"}"));
      assertEquals(2, metric("sled_sessions_opened_total"));
      assertEquals(1, metric("sled_busy_answers_total{kind=\"connection\"}"));
      assertEquals(2, metric("sled_rounds_total"));
      assertEquals(5, metric("sled_spec_decode_num_draft_tokens_total"));
      assertEquals(4, metric("sled_spec_decode_num_verified_tokens_total"));
      assertEquals(3, metric("sled_spec_decode_num_accepted_tokens_total"));
      String perPosition = "sled_spec_decode_num_accepted_tokens_per_pos_total";
      assertEquals(2, metric(perPosition + "{position=\"0\"}"));
      assertEquals(1, metric(perPosition + "{position=\"1\"}"));
      // Two first ones, three accepted, two of the target's own, two pushed.
      assertEquals(9, metric("sled_generation_tokens_total"));
      assertEquals(8, metric("sled_prompt_tokens_total"));
      assertEquals(2, metric("sled_time_to_first_token_seconds_count"));
      assertEquals(4, metric("sled_queue_time_seconds_count")); // prompts and blocks
      assertEquals(6, metric("sled_step_time_seconds_count"));
      assertEquals(6, metric("sled_step_passes_total"));
      // Prompts, blocks with their parents, pushed tokens; of these each is padded.
      assertEquals(4 + 4 + 5 + 2 + 2, metric("sled_step_rows_total{kind=\"useful\"}"));
      assertEquals(2, metric("sled_step_rows_total{kind=\"padding\"}"));
      assertEquals(17, metric("sled_iteration_tokens_sum"));
      assertEquals(6, metric("sled_step_sessions_sum"));
      assertEquals(
          1,
          metric(
              "sled_build_info{model=\"scripted\",numerics=\"exact\",row_least=\"2\",row_multiple=\"1\",version=\""
                  + version()
                  + "\"}"));
    }
  }

  /** As Prometheus asks, and as others do. */
  @Test
  void metricsCanBeReadStrictlyInBothFormats() throws Exception {
    start();
    try (ClientTransport transport = new ClientTransport(1);
        TestDevice device = new TestDevice(transport, daemon.address())) {
      device.open(1, PROMPT, 50);
      device.receive(Opened.class);
      String plain = request("GET", "/metrics").body();
      URI uri = URI.create("http://127.0.0.1:" + daemon.adminAddress().getPort() + "/metrics");
      HttpResponse<String> open =
          http.send(
              HttpRequest.newBuilder(uri)
                  .header(
                      "Accept",
                      "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3")
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertEquals(
          ServerMetrics.OPEN_METRICS_TYPE, open.headers().firstValue("Content-Type").orElse(""));
      Map<String, Double> values = MetricsText.parse(plain, false);
      assertEquals(1, values.get("sled_sessions_opened_total"));
      assertEquals(0, values.get("sled_sessions_waiting"));
      assertEquals(0, values.get("sled_busy_answers_total{kind=\"full\"}"));
      assertEquals(values, MetricsText.parse(open.body(), true));
    }
  }

  private static String version() {
    return System.getProperty("sled.version", "development");
  }

  @Test
  void blocksThatWaitAreSeen() throws Exception {
    start();
    CountDownLatch gate = new CountDownLatch(1);
    try (ClientTransport transport = new ClientTransport(1);
        TestDevice device = new TestDevice(transport, daemon.address())) {
      device.open(1, PROMPT, 50);
      device.receive(Opened.class);
      target.blocksOn = gate;
      device.draft(1, 1, 1, 4, 0, ScriptedTarget.next(PROMPT));
      await(() -> target.steps.get() == 2);
      assertEquals(0, metric("sled_num_requests_waiting{kind=\"block\"}")); // it is in the step
      assertEquals(1, metric("sled_num_requests_running"));
      gate.countDown();
      device.receive(TestDevice.Verdict.class);
    } finally {
      gate.countDown();
    }
  }

  @Test
  void pagesAndWhatIsNone() throws Exception {
    start();
    expect(200, "ok", "/health");
    expect(200, "ok", "/ready");
    expect(200, "ok", "/ready?verbose=1");
    expect(404, "no such page; / lists those", "/metric");
    expect(404, "no such page; / lists those", "/metrics/");
    HttpResponse<String> index = request("GET", "/");
    assertEquals(200, index.statusCode());
    for (String path : new String[] {"/metrics", "/health", "/ready"}) {
      assertTrue(index.body().contains(path), index::body);
    }
    HttpResponse<String> metrics = request("GET", "/metrics");
    assertEquals(
        "text/plain; version=0.0.4; charset=utf-8",
        metrics.headers().firstValue("Content-Type").orElse(""));
    for (String method : new String[] {"POST", "HEAD", "PUT", "DELETE", "OPTIONS"}) {
      HttpResponse<String> refused = request(method, "/metrics");
      assertEquals(405, refused.statusCode(), method);
      assertEquals("GET", refused.headers().firstValue("Allow").orElse(""));
    }
  }

  @Test
  void connectionsAreKeptAndClosedAsTheClientSays() throws Exception {
    start();
    try (Wire wire = new Wire()) {
      wire.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
      assertEquals("HTTP/1.1 200 OK", wire.answer());
      wire.send("GET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      assertEquals("HTTP/1.1 200 OK", wire.answer());
      assertTrue(wire.isClosed());
    }
    try (Wire wire = new Wire()) {
      wire.send("GET /health HTTP/1.0\r\n\r\n");
      assertEquals("HTTP/1.1 200 OK", wire.answer());
      assertTrue(wire.isClosed());
    }
    try (Wire wire = new Wire()) { // both at once
      wire.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
      assertEquals("HTTP/1.1 200 OK", wire.answer());
      assertEquals("HTTP/1.1 404 Not Found", wire.answer());
    }
  }

  @Test
  void largeAndBrokenRequestsAreRefused() throws Exception {
    start();
    String much = "a".repeat(20_000);
    try (Wire wire = new Wire()) {
      wire.send("GET /" + much + " HTTP/1.1\r\nHost: a\r\n\r\n");
      assertEquals("HTTP/1.1 414 Request-URI Too Long", wire.answer());
      assertTrue(wire.isClosed());
    }
    try (Wire wire = new Wire()) {
      wire.send("GET /health HTTP/1.1\r\nHost: a\r\nX: " + much + "\r\n\r\n");
      assertEquals("HTTP/1.1 431 Request Header Fields Too Large", wire.answer());
      assertTrue(wire.isClosed());
    }
    try (Wire wire = new Wire()) {
      wire.send("GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\nabc");
      assertEquals("HTTP/1.1 413 Request Entity Too Large", wire.answer());
      assertTrue(wire.isClosed());
    }
    try (Wire wire = new Wire()) {
      wire.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n");
      assertEquals("HTTP/1.1 405 Method Not Allowed", wire.answer());
      assertTrue(wire.isClosed());
    }
    try (Wire wire = new Wire()) {
      wire.send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n");
      assertEquals("HTTP/1.1 400 Bad Request", wire.answer());
      assertTrue(wire.isClosed());
    }
    try (Wire wire = new Wire()) {
      wire.send("this is no HTTP\r\n\r\n");
      assertEquals("HTTP/1.1 400 Bad Request", wire.answer());
      assertTrue(wire.isClosed());
    }
    expect(200, "ok", "/health");
  }

  @Test
  void whoAsksAndDoesNotReadIsLeft() throws Exception {
    start();
    try (Wire wire = new Wire()) {
      String many = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1_000);
      assertThrows(
          IOException.class,
          () -> {
            for (int i = 0; i < 10_000; i++) {
              wire.send(many);
            }
          });
    }
    expect(200, "ok", "/health");
  }

  @Test
  void silentConnectionsAreClosed() throws Exception {
    try (AdminServer server =
            AdminServer.start("127.0.0.1", 0, AdminView.loading(), 8, Duration.ofMillis(200));
        Wire idle = new Wire(server.address());
        Wire half = new Wire(server.address())) {
      half.send("GET /health HT");
      assertTrue(idle.isClosed());
      assertTrue(half.isClosed());
    }
  }

  @Test
  void connectionsAreBounded() throws Exception {
    start();
    Wire[] wires = new Wire[65];
    for (int i = 0; i < wires.length; i++) {
      wires[i] = new Wire();
    }
    assertTrue(wires[64].isClosed());
    wires[0].send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
    assertEquals("HTTP/1.1 200 OK", wires[0].answer());
    for (Wire wire : wires) {
      wire.close();
    }
    await(() -> request("GET", "/health").statusCode() == 200);
  }

  @Test
  void whileTheModelIsLoadedNothingIsReady() throws Exception {
    try (AdminServer server =
        AdminServer.start("127.0.0.1", 0, AdminView.loading(), 8, Duration.ofSeconds(10))) {
      for (String path : new String[] {"/metrics", "/health", "/ready"}) {
        try (Wire wire = new Wire(server.address())) {
          wire.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
          assertEquals("HTTP/1.1 503 Service Unavailable", wire.answer());
        }
      }
    }
  }

  @Test
  void drainingIsHealthyAndNotReady() throws Exception {
    start();
    try (ClientTransport transport = new ClientTransport(1);
        TestDevice device = new TestDevice(transport, daemon.address())) {
      device.open(1, PROMPT, 100);
      device.receive(Opened.class);
      Thread drainer =
          new Thread(
              () -> {
                try {
                  daemon.drain(Duration.ofSeconds(10));
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
      drainer.start();
      device.receive(GoAway.class);
      expect(503, "draining", "/ready");
      expect(200, "ok", "/health");
      assertEquals(1, metric("sled_sessions_open"));
      device.connection.close();
      drainer.join(PATIENCE_MILLIS);
    }
  }

  @Test
  void aVerifierThatEndedIsUnhealthy() throws Exception {
    start();
    target.breaks = true;
    try (ClientTransport transport = new ClientTransport(1);
        TestDevice device = new TestDevice(transport, daemon.address())) {
      device.open(1, PROMPT, 100);
      assertTrue(daemon.awaitEnd() instanceof IllegalStateException);
      await(() -> request("GET", "/health").statusCode() == 503);
      String reason = request("GET", "/health").body();
      assertTrue(reason.contains("the verifier has ended: "), reason);
      assertTrue(reason.contains("scripted"), reason);
    }
  }

  @Test
  void aTakenPortIsAnErrorIfItWasAskedForAndElseAWarning() throws Exception {
    try (ServerSocket taken = new ServerSocket(0)) {
      IOException e =
          assertThrows(
              IOException.class,
              () ->
                  Daemon.start(
                      config(taken.getLocalPort(), true).conclude(), target.description(), target));
      assertTrue(e.getMessage().contains("for metrics and health"), e::getMessage);
      assertTrue(e.getMessage().contains("--admin"), e::getMessage);
      daemon =
          Daemon.start(
              config(taken.getLocalPort(), false).conclude(), target.description(), target);
      assertNull(daemon.adminAddress());
      try (ClientTransport transport = new ClientTransport(1);
          TestDevice device = new TestDevice(transport, daemon.address())) {
        device.open(1, PROMPT, 1);
        device.receive(Opened.class);
      }
    }
  }

  @Test
  void thePortForDevicesIsNotTakenFromThem() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    ServerConfig.Builder chosen = config(port, true).listen("127.0.0.1", port);
    assertTrue(
        assertThrows(IllegalArgumentException.class, chosen::conclude)
            .getMessage()
            .contains("metrics and health need another"));
    daemon =
        Daemon.start(
            config(port, false).listen("127.0.0.1", port).conclude(), target.description(), target);
    assertEquals(port, daemon.address().getPort());
    assertNull(daemon.adminAddress());
  }

  @Test
  void withoutAnAddressThereAreNoPages() throws Exception {
    daemon = ScriptedDaemon.start(target);
    assertNull(daemon.adminAddress());
    assertFalse(
        Thread.getAllStackTraces().keySet().stream()
            .anyMatch(thread -> thread.getName().startsWith("sled-admin")));
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(Condition condition) throws Exception {
    long end = System.nanoTime() + Duration.ofMillis(PATIENCE_MILLIS).toNanos();
    while (!condition.holds()) {
      assertTrue(System.nanoTime() - end < 0, "waited in vain");
      Thread.sleep(5);
    }
  }

  /** A connection on which every byte is the test's. */
  private final class Wire implements AutoCloseable {
    private final Socket socket = new Socket();
    private final BufferedReader in;

    Wire() throws IOException {
      this(daemon.adminAddress());
    }

    Wire(InetSocketAddress address) throws IOException {
      socket.connect(address);
      socket.setSoTimeout(PATIENCE_MILLIS);
      in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
    }

    void send(String text) throws IOException {
      socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** The status line; reads headers and body, too. */
    String answer() throws IOException {
      String status = in.readLine();
      int length = 0;
      String line = in.readLine();
      while (line != null && !line.isEmpty()) {
        if (line.toLowerCase(Locale.ROOT).startsWith("content-length: ")) {
          length = Integer.parseInt(line.substring("content-length: ".length()));
        }
        line = in.readLine();
      }
      for (int i = 0; i < length; i++) {
        assertTrue(in.read() >= 0, "the body is cut short");
      }
      return status;
    }

    boolean isClosed() throws IOException {
      try {
        return in.read() < 0;
      } catch (SocketException e) {
        return true; // reset: it had not read all
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
