package org.sled.server.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.sled.core.cost.WorkKind;
import org.sled.net.client.ClientTransport;
import org.sled.net.protocol.Opened;
import org.sled.server.Daemon;
import org.sled.server.SchedulerKind;
import org.sled.server.SchedulingConfig;
import org.sled.server.ScriptedTarget;
import org.sled.server.ServerConfig;
import org.sled.server.TestDevice;
import org.sled.server.observe.ServerStats;
import org.slf4j.LoggerFactory;

/** Steps that hang: what is logged, counted and said of them. */
final class StepWatchdogTest {
  private static final Duration TIMEOUT = Duration.ofMillis(300);
  private static final List<Integer> PROMPT = List.of(5, 6, 7, 8);
  private static final int PATIENCE_SECONDS = 20;

  private final BlockingQueue<ILoggingEvent> logged = new LinkedBlockingQueue<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger(StepWatchdog.class);
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          logged.add(event);
        }
      };

  @BeforeEach
  void listen() {
    appender.start();
    logger.addAppender(appender);
  }

  @AfterEach
  void leave() {
    logger.detachAppender(appender);
  }

  private static HttpResponse<String> health(Daemon daemon) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + daemon.adminAddress().getPort() + "/health");
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }

  private static String page(Daemon daemon, String path, int status) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + daemon.adminAddress().getPort() + path);
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    assertEquals(status, response.statusCode(), response::body);
    return response.body();
  }

  private static ScriptedTarget target() {
    return new ScriptedTarget(4, 2, 200);
  }

  private static ServerConfig config(SchedulingConfig scheduling) {
    return ServerConfig.of(Path.of("scripted"))
        .listen("127.0.0.1", 0)
        .admin(new ServerConfig.Admin("127.0.0.1", 0, true))
        .stepTimeout(TIMEOUT)
        .scheduling(scheduling)
        .conclude();
  }

  /** A scheduler that waits for a second session, as none should wait: for much too long. */
  @Test
  void waitingWithoutAStepIsReportedOnceAndOnceMoreWhenItEnds() throws Exception {
    SchedulingConfig patient =
        new SchedulingConfig(SchedulerKind.STATIC, 2, 1e9, 0, 1, 0, 1 << 20, true);
    ScriptedTarget target = target();
    try (Daemon daemon = Daemon.start(config(patient), target.description(), target);
        ClientTransport transport = new ClientTransport(1);
        TestDevice device = new TestDevice(transport, daemon.address())) {
      Thread.sleep(2 * TIMEOUT.toMillis()); // nobody waits
      page(daemon, "/health", 200);
      device.open(7, PROMPT, 50);
      int first = device.receive(Opened.class).firstToken();
      device.open(8, PROMPT, 50);
      device.receive(Opened.class);
      device.draft(7, 1, 1, 4, 0, first, 900, 901);
      ILoggingEvent stalled = logged.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertEquals(Level.ERROR, stalled.getLevel());
      String text = stalled.getFormattedMessage();
      assertTrue(text.startsWith("sessions wait, and no step has been made for "), text);
      assertTrue(text.contains("1 for a step, 0 for a place in the K/V cache"), text);
      assertTrue(text.contains("session 7 BLOCK of 3"), text);
      assertTrue(text.contains("127.0.0.1:"), text);
      String problem = page(daemon, "/health", 503);
      assertTrue(problem.startsWith("sessions wait, and no step has been made for "), problem);
      page(daemon, "/ready", 503);
      assertFalse(daemon.isResponsive(Duration.ofHours(1)));
      assertNull(logged.poll(3 * TIMEOUT.toMillis(), TimeUnit.MILLISECONDS), "only once");

      device.draft(8, 1, 1, 4, 0, first, 900, 901);
      device.receive(TestDevice.Verdict.class);
      device.receive(TestDevice.Verdict.class);
      ILoggingEvent over = logged.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertEquals(Level.WARN, over.getLevel());
      assertTrue(over.getFormattedMessage().startsWith("steps are made again, after "));
      page(daemon, "/health", 200);
      page(daemon, "/ready", 200);
    }
  }

  @Test
  void aStuckStepIsReportedOnceAndOnceMoreWhenItEnds() throws Exception {
    ScriptedTarget target = target();
    CountDownLatch gate = new CountDownLatch(1);
    try (Daemon daemon =
            Daemon.start(config(SchedulingConfig.DEFAULT), target.description(), target);
        ClientTransport transport = new ClientTransport(1);
        TestDevice device = new TestDevice(transport, daemon.address())) {
      device.open(7, PROMPT, 50);
      int first = device.receive(Opened.class).firstToken();
      Thread.sleep(2 * TIMEOUT.toMillis()); // idle is not stuck
      assertEquals(200, health(daemon).statusCode());
      target.blocksOn = gate;
      device.draft(7, 1, 1, 4, 0, first, 900, 901);

      ILoggingEvent stuck = logged.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertEquals(Level.ERROR, stuck.getLevel());
      String text = stuck.getFormattedMessage();
      assertTrue(text.contains("1 sessions, 3 rows: "), text);
      assertTrue(text.contains("session 7 BLOCK of 3"), text);
      assertTrue(text.contains("127.0.0.1:"), text);
      assertFalse(text.contains("900"), text); // no tokens
      HttpResponse<String> health = health(daemon);
      assertEquals(503, health.statusCode());
      assertTrue(health.body().startsWith("a step has been computed for "), health::body);
      assertNull(logged.poll(3 * TIMEOUT.toMillis(), TimeUnit.MILLISECONDS), "only once");

      target.blocksOn = null;
      gate.countDown();
      device.receive(TestDevice.Verdict.class);
      ILoggingEvent over = logged.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertEquals(Level.WARN, over.getLevel());
      assertTrue(
          over.getFormattedMessage().startsWith("the stuck step is over, after "),
          over::getFormattedMessage);
      assertEquals(200, health(daemon).statusCode());
    } finally {
      gate.countDown();
    }
  }

  @Test
  void theMonitorShowsTheStepAndNoOther() {
    StepMonitor monitor = new StepMonitor(2, SystemNanoClock.INSTANCE);
    assertNull(monitor.running());
    ServerStats stats = new ServerStats();
    try (StepWatchdog watchdog = new StepWatchdog(monitor, Duration.ZERO, stats)) {
      assertNull(watchdog.problem());
      long before = System.nanoTime();
      monitor.slot(0, null, WorkKind.PREFILL, 32);
      monitor.slot(1, null, WorkKind.BLOCK, 5);
      long begun = monitor.begin(2);
      assertTrue(begun - before >= 0);
      StepMonitor.Running first = monitor.running();
      assertTrue(monitor.isRunning(first));
      assertEquals("2 sessions, 37 rows:  PREFILL of 32,  BLOCK of 5", monitor.describe(first));
      assertTrue(watchdog.problem().startsWith("a step"), watchdog::problem);
      assertTrue(monitor.end() - begun >= 0);
      assertNull(monitor.running());
      assertNull(monitor.describe(first));
      assertFalse(monitor.isRunning(first));
      monitor.slot(0, null, WorkKind.PUSH, 1);
      long again = monitor.begin(1);
      assertTrue(again - begun >= 0);
      assertNull(monitor.describe(first));
      assertEquals("1 sessions, 1 rows:  PUSH of 1", monitor.describe(monitor.running()));
    }
  }
}
