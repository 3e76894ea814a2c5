package org.sled.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ServerProcessTest {
  private static final Duration SECONDS = Duration.ofSeconds(20);

  private static ServerCommand script(String text) {
    return ServerCommand.of("script", List.of("sh", "-c", text));
  }

  @Test
  void lineSaysThatItIsReady() throws Exception {
    String text = "echo loading; sleep 0.1; echo listening on 127.0.0.1:7411 >&2; exec sleep 60";
    ServerProcess process = ServerProcess.start(script(text));
    Pattern pattern = Pattern.compile("listening on 127\\.0\\.0\\.1:(\\d+)");
    assertEquals("7411", process.awaitLine(pattern, SECONDS).group(1));
    assertTrue(process.isAlive());
    assertTrue(process.cpuTime().isPresent());
    // While the shell becomes the other program it has no memory for a moment.
    long end = System.nanoTime() + SECONDS.toNanos();
    while (process.residentBytes().orElseThrow() <= 10_000 && System.nanoTime() - end < 0) {
      Thread.sleep(5);
    }
    assertTrue(process.residentBytes().orElseThrow() > 10_000);
    process.close();
    assertFalse(process.isAlive());
    process.close();
  }

  @Test
  void checkSaysThatItIsReady(@TempDir Path dir) throws Exception {
    Path ready = dir.resolve("ready");
    String text = "sleep 0.2; touch \"$READY\"; exec sleep 60";
    ServerCommand command = script(text).withEnvironment(Map.of("READY", ready.toString()));
    try (ServerProcess process = ServerProcess.start(command)) {
      process.awaitReady(() -> Files.exists(ready), SECONDS);
      assertTrue(Files.exists(ready));
    }
  }

  @Test
  void earlyEndIsReportedWithTheLastOutput() {
    try (ServerProcess process =
        ServerProcess.start(script("echo first; echo no such model >&2; exit 3"))) {
      PeerException failure =
          assertThrows(PeerException.class, () -> process.awaitReady(() -> false, SECONDS));
      String text = failure.getMessage();
      assertTrue(text.startsWith("script ended with exit code 3 before it was ready."), text);
      assertTrue(text.contains("no such model"), text);
    }
  }

  @Test
  void earlyEndIsReportedByTheWaitForALine() {
    try (ServerProcess process = ServerProcess.start(script("echo out of memory; exit 1"))) {
      PeerException failure =
          assertThrows(
              PeerException.class, () -> process.awaitLine(Pattern.compile("ready"), SECONDS));
      assertTrue(failure.getMessage().contains("out of memory"), failure.getMessage());
    }
  }

  @Test
  void lineOfAProcessThatHasEndedCounts() throws Exception {
    try (ServerProcess process = ServerProcess.start(script("printf ready"))) {
      assertEquals("ready", process.awaitLine(Pattern.compile("ready"), SECONDS).group());
    }
  }

  @Test
  void neverReadyIsEnded() {
    try (ServerProcess process = ServerProcess.start(script("echo still loading; exec sleep 60"))) {
      PeerException failure =
          assertThrows(
              PeerException.class, () -> process.awaitReady(() -> false, Duration.ofMillis(300)));
      String text = failure.getMessage();
      assertTrue(text.contains("was not ready within 0.3 s"), text);
      assertTrue(text.contains("still loading"), text);
      assertFalse(process.isAlive());
    }
  }

  @Test
  void sigtermIsNotLeftUnanswered() throws Exception {
    String text = "trap '' TERM; echo deaf; while true; do sleep 1; done";
    ServerProcess process = ServerProcess.start(script(text));
    process.awaitLine(Pattern.compile("deaf"), SECONDS);
    List<ProcessHandle> children = process.children();
    process.close();
    assertFalse(process.isAlive());
    assertTrue(children.stream().noneMatch(ServerProcessTest::runs), "children are left");
  }

  /** A killed child may still wait for its new parent to take note. */
  private static boolean runs(ProcessHandle child) {
    try {
      return !Files.readString(Path.of("/proc/" + child.pid() + "/stat")).contains(") Z ");
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void noSuchProgramIsReported() {
    ServerCommand command = ServerCommand.of("peer", List.of("/no/such/program"));
    PeerException failure =
        assertThrows(PeerException.class, () -> ServerProcess.start(command).close());
    assertTrue(failure.getMessage().startsWith("peer cannot be started"), failure.getMessage());
  }

  @Test
  void endGivesTheOutputWhichIsLogged(@TempDir Path dir) throws Exception {
    Path log = dir.resolve("log");
    ServerCommand command =
        script("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i + 1)); done").withLogFile(log);
    try (ServerProcess process = ServerProcess.start(command)) {
      List<String> lines = process.awaitEnd(SECONDS);
      assertEquals(ProcessOutput.MAX_LINES, lines.size());
      assertEquals("line 2999", lines.get(lines.size() - 1));
      assertEquals(3000, Files.readAllLines(log).size());
    }
  }

  @Test
  void failureAtTheEndIsReported() {
    try (ServerProcess process = ServerProcess.start(script("echo bad shape; exit 2"))) {
      PeerException failure = assertThrows(PeerException.class, () -> process.awaitEnd(SECONDS));
      assertTrue(failure.getMessage().contains("exit code 2"), failure.getMessage());
      assertTrue(failure.getMessage().contains("bad shape"), failure.getMessage());
    }
  }
}
