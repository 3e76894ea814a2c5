package org.sled.cli.systemd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.cli.DatagramReceiver;
import org.sled.cli.options.ServerAddress;
import org.sled.server.observe.ServerSnapshot;
import org.slf4j.LoggerFactory;

/** systemd's protocol over real sockets, by path and abstract, and what is said when. */
final class SystemdNotifyTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final ServerAddress ADDRESS = new ServerAddress("127.0.0.1", 7411);

  @TempDir Path directory;

  private static SystemdNotify notify(String socket) {
    return SystemdNotify.of(Map.of("NOTIFY_SOCKET", socket)::get);
  }

  @Test
  void messagesArriveByPathAndInTheAbstractNamespace() throws Exception {
    String path = directory.resolve("notify").toString();
    for (String name : new String[] {path, "@sled-test-" + ProcessHandle.current().pid()}) {
      try (DatagramReceiver systemd = new DatagramReceiver(name)) {
        SystemdNotify notify = notify(name);
        assertTrue(notify.isActive());
        assertEquals(Duration.ZERO, notify.watchdog());
        notify.send("READY=1", "STATUS=Grüße\nMAINPID=1");
        assertEquals("READY=1\nSTATUS=Grüße MAINPID=1\n", systemd.receive(PATIENCE));
      }
    }
  }

  @Test
  void anAddressIsTheKernelsStruct() {
    assertArrayEquals(new byte[] {1, 0, '/', 'a', 0}, SystemdNotify.socketAddress("/a"));
    assertArrayEquals(new byte[] {1, 0, 0, 'a'}, SystemdNotify.socketAddress("@a"));
    String longest = "/" + "a".repeat(106);
    assertEquals(2 + 107 + 1, SystemdNotify.socketAddress(longest).length);
    assertNull(SystemdNotify.socketAddress(longest + "a"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "relative/path", "vsock:2:1234", "@", "/"})
  void withoutAUsableSocketNothingHappens(String name) {
    SystemdNotify notify = notify(name);
    assertFalse(notify.isActive());
    notify.send("READY=1");
    assertFalse(SystemdNotify.of(Map.<String, String>of()::get).isActive());
  }

  @Test
  void aFailureIsLoggedOnce() {
    Logger logger = (Logger) LoggerFactory.getLogger(SystemdNotify.class);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.addAppender(log);
    try {
      SystemdNotify notify = notify(directory.resolve("nobody").toString());
      notify.send("READY=1");
      notify.send("STATUS=again");
      assertEquals(1, log.list.size());
      assertTrue(log.list.get(0).getFormattedMessage().contains("systemd cannot be told"));
    } finally {
      logger.detachAppender(log);
    }
  }

  @Test
  void theWatchdogIsOursOnly() {
    String pid = Long.toString(ProcessHandle.current().pid());
    Map<String, String> ours =
        Map.of("NOTIFY_SOCKET", "@x", "WATCHDOG_USEC", "3000000", "WATCHDOG_PID", pid);
    assertEquals(Duration.ofSeconds(3), SystemdNotify.of(ours::get).watchdog());
    Map<String, String> anybodys = Map.of("NOTIFY_SOCKET", "@x", "WATCHDOG_USEC", "3000000");
    assertEquals(Duration.ofSeconds(3), SystemdNotify.of(anybodys::get).watchdog());
    Map<String, String> others =
        Map.of("NOTIFY_SOCKET", "@x", "WATCHDOG_USEC", "3000000", "WATCHDOG_PID", "1" + pid);
    assertEquals(Duration.ZERO, SystemdNotify.of(others::get).watchdog());
    for (String wrong : new String[] {"", "soon", "0", "-5"}) {
      Map<String, String> environment = Map.of("NOTIFY_SOCKET", "@x", "WATCHDOG_USEC", wrong);
      assertEquals(Duration.ZERO, SystemdNotify.of(environment::get).watchdog());
    }
  }

  @Test
  void aServiceLoadsServesAndStops() throws Exception {
    String name = directory.resolve("notify").toString();
    Map<String, String> environment =
        Map.of("NOTIFY_SOCKET", name, "WATCHDOG_USEC", Long.toString(400_000));
    AtomicBoolean responsive = new AtomicBoolean(true);
    AtomicLong tokens = new AtomicLong();
    Supplier<ServerSnapshot> stats =
        () -> new ServerSnapshot(3, 4, 0, 0, 0, 0, 0, 0, 0, 0, tokens.addAndGet(50), 0, 0, null);
    try (DatagramReceiver systemd = new DatagramReceiver(name)) {
      try (ServiceReporter reporter =
          new ServiceReporter(SystemdNotify.of(environment::get), Duration.ofMillis(100))) {
        reporter.loading("demo:target");
        for (int i = 0; i < 2; i++) { // it goes on asking for time
          String loading = systemd.receive(PATIENCE);
          assertEquals("EXTEND_TIMEOUT_USEC=300000\nSTATUS=Loading demo:target\n", loading);
        }
        reporter.serving(ADDRESS, 16, stats, patience -> responsive.get());
        String ready = systemd.awaitLine("READY=1", PATIENCE);
        assertTrue(ready.contains("STATUS=Listening on 127.0.0.1:7411"), ready);
        String status =
            systemd.awaitLine("STATUS=Listening on " + ADDRESS + ": 3 of 16 sessions, ", PATIENCE);
        assertTrue(status.contains(" tokens/s"), status);
        systemd.awaitLine("WATCHDOG=1", PATIENCE);
        systemd.awaitLine("WATCHDOG=1", PATIENCE);

        responsive.set(false);
        Thread.sleep(300);
        while (systemd.receive(Duration.ZERO) != null) {
          // What was sent before.
        }
        int before = systemd.received().size();
        Thread.sleep(1_000);
        while (systemd.receive(Duration.ZERO) != null) {
          // All that came meanwhile.
        }
        var since = systemd.received().subList(before, systemd.received().size());
        assertTrue(since.stream().anyMatch(message -> message.startsWith("STATUS=")));
        assertTrue(since.stream().noneMatch(message -> message.contains("WATCHDOG")));
        responsive.set(true);
        systemd.awaitLine("WATCHDOG=1", PATIENCE);

        reporter.stopping(Duration.ofSeconds(20));
      }
      String last = systemd.awaitLine("STOPPING=1", PATIENCE);
      assertTrue(Arrays.asList(last.split("\n")).contains("EXTEND_TIMEOUT_USEC=65000000"), last);
    }
  }

  @Test
  void withoutSystemdAReporterDoesNothing() {
    try (ServiceReporter reporter =
        new ServiceReporter(SystemdNotify.of(Map.<String, String>of()::get), PATIENCE)) {
      reporter.loading("demo:target");
      reporter.serving(ADDRESS, 16, () -> null, patience -> false);
      reporter.stopping(PATIENCE);
    }
  }
}
