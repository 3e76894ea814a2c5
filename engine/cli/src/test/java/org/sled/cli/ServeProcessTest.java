package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.files.ModelFiles;

/** Signals, which only a process of its own can be sent. */
final class ServeProcessTest {
  private static final long PATIENCE_SECONDS = 60;
  private static final Duration PATIENCE = Duration.ofSeconds(PATIENCE_SECONDS);

  @TempDir Path directory;

  private static Process sled(Map<String, String> environment, String... args) throws IOException {
    ProcessBuilder builder = ChildJvm.of(List.of(), "org.sled.cli.Sled", args);
    builder.environment().putAll(environment);
    return builder.start();
  }

  /**
   * Of these signals those that are not ignored here, as HUP is under nohup and INT in a shell's
   * background: what a process ignores its children ignore, too.
   */
  private static List<String> heard(String... signals) throws IOException {
    String status = Files.readString(Path.of("/proc/self/status"));
    Matcher ignored = Pattern.compile("SigIgn:\\s*(\\p{XDigit}+)").matcher(status);
    assertTrue(ignored.find(), status);
    long mask = Long.parseUnsignedLong(ignored.group(1), 16);
    List<String> numbers = List.of("", "HUP", "INT");
    return Stream.of(signals)
        .filter(s -> !numbers.contains(s) || (mask >> (numbers.indexOf(s) - 1) & 1) == 0)
        .toList();
  }

  private static String lineWith(BufferedReader reader, String part) throws IOException {
    StringBuilder all = new StringBuilder();
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      all.append(line).append('\n');
      if (line.contains(part)) {
        return line;
      }
    }
    throw new AssertionError("no line with '" + part + "' in:\n" + all);
  }

  /** On any free port, which it says on stderr. */
  private static Process serveDemo(Map<String, String> environment, String... more)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of("serve", "--model=demo:target", "--listen=127.0.0.1:0", "--threads=1"));
    command.addAll(List.of(more));
    return sled(environment, command.toArray(String[]::new));
  }

  private static Process generateWithoutEnd(String address) throws IOException {
    return sled(
        Map.of(), "generate", "--server", address, "-n", "0", "--ignore-end", "-p", "Hello");
  }

  private static BufferedReader errors(Process process) {
    return new BufferedReader(
        new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
  }

  private static int codeOf(Process process) throws InterruptedException {
    assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS));
    return process.exitValue();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  @Test
  void systemdHearsOfEveryStateAndARestartWorks() throws Exception {
    String address = "127.0.0.1:" + freePort();
    Path config =
        Files.writeString(
            directory.resolve("server.yaml"),
            "model: demo:target\nlisten: " + address + "\nthreads: 1\nsessions: 2\n");
    String[] serve = {"serve", "--config", config.toString()};
    for (String name :
        new String[] {
          directory.resolve("notify").toString(), "@sled-process-" + ProcessHandle.current().pid()
        }) {
      Map<String, String> environment =
          Map.of("NOTIFY_SOCKET", name, "WATCHDOG_USEC", Long.toString(1_000_000));
      try (DatagramReceiver systemd = new DatagramReceiver(name)) {
        Process server = sled(environment, serve);
        try (BufferedReader err = errors(server)) {
          String ready = systemd.awaitLine("READY=1", PATIENCE);
          assertTrue(ready.contains("STATUS=Listening on " + address), ready);
          String first = systemd.received().get(0);
          assertTrue(first.startsWith("EXTEND_TIMEOUT_USEC="), first);
          assertTrue(first.contains("STATUS=Loading demo:target"), first);
          // It was said before; and a client that comes now is answered.
          lineWith(err, "listening on " + address);
          CliRun.of("generate", "--server", address, "-n", "8", "-p", "Hello").expect(0);
          systemd.awaitLine("WATCHDOG=1", PATIENCE);
          systemd.awaitLine("WATCHDOG=1", PATIENCE);
          server.toHandle().destroy();
          systemd.awaitLine("STOPPING=1", PATIENCE);
          assertEquals(0, codeOf(server));
        } finally {
          server.destroyForcibly();
        }
      }
    }
  }

  @Test
  void whatTheDrainTimeCutsOffIsAFailureForCtrlCAlone() throws Exception {
    for (String signal : heard("TERM", "INT", "HUP")) {
      Process server = serveDemo(Map.of(), "--drain-seconds=0");
      try (BufferedReader err = errors(server)) {
        String address = lineWith(err, "listening on ").replace("listening on ", "");
        Process client = generateWithoutEnd(address);
        try (InputStream out = client.getInputStream()) {
          assertTrue(out.read() >= 0, "text streams");
          String pid = Long.toString(server.pid());
          assertEquals(0, codeOf(new ProcessBuilder("kill", "-" + signal, pid).start()));
          lineWith(err, "some generations were cut off after 0 s");
          assertEquals(signal.equals("INT") ? ExitCodes.INTERRUPTED : 0, codeOf(server));
        } finally {
          client.destroyForcibly();
        }
      } finally {
        server.destroyForcibly();
      }
    }
  }

  @Test
  void theSecondSignalEndsAtOnceWithItsOwnCode() throws Exception {
    for (String signal : heard("TERM", "INT")) {
      Process server = serveDemo(Map.of(), "--drain-seconds=3600");
      try (BufferedReader err = errors(server)) {
        String address = lineWith(err, "listening on ").replace("listening on ", "");
        // Nobody reads what it prints: it is there for as long as the server is.
        Process client =
            sled(
                Map.of(),
                "generate",
                "--server=" + address,
                "--events",
                "-n=0",
                "--ignore-end",
                "-k=0",
                "-p=Hello");
        try (InputStream out = client.getInputStream()) {
          assertTrue(out.read() >= 0, "text streams");
          String pid = Long.toString(server.pid());
          assertEquals(
              0,
              codeOf(new ProcessBuilder("kill", "-" + heard("HUP", "TERM").get(0), pid).start()));
          lineWith(err, "stopping; once more to stop at once");
          assertEquals(0, codeOf(new ProcessBuilder("kill", "-" + signal, pid).start()));
          assertEquals(signal.equals("INT") ? ExitCodes.INTERRUPTED : 0, codeOf(server));
        } finally {
          client.destroyForcibly();
        }
      } finally {
        server.destroyForcibly();
      }
    }
  }

  @Test
  void metricsAndHealthAreWhereTheyWereAskedFor() throws Exception {
    Process server = serveDemo(Map.of("SLED_ADMIN", "127.0.0.1:0"));
    try (BufferedReader err = errors(server)) {
      String pages = lineWith(err, "metrics and health on ").replace("metrics and health on ", "");
      String address = lineWith(err, "listening on ").replace("listening on ", "");
      CliRun.of("generate", "--server", address, "-n", "8", "-p", "Hello").expect(0);
      assertEquals("ok\n", page(pages + "health"));
      assertEquals("ok\n", page(pages + "ready"));
      String metrics = page(pages + "metrics");
      assertTrue(metrics.contains("\nsled_generation_tokens_total 8.0\n"), metrics);
      assertTrue(metrics.contains("sled_build_info{model="), metrics);

      String taken = URI.create(pages).getAuthority();
      Process second = serveDemo(Map.of(), "--admin=" + taken);
      try (BufferedReader errors = errors(second)) {
        lineWith(errors, "cannot listen on " + taken + " for metrics and health");
        assertEquals(ExitCodes.FAILED, codeOf(second));
      } finally {
        second.destroyForcibly();
      }
    } finally {
      server.destroyForcibly();
    }
  }

  private static String page(String uri) throws IOException {
    try (InputStream in = URI.create(uri).toURL().openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void sigtermWhileTheModelIsLoadedIsNoFailure() throws Exception {
    String name = directory.resolve("notify").toString();
    try (DatagramReceiver systemd = new DatagramReceiver(name)) {
      Process server = serveDemo(Map.of("NOTIFY_SOCKET", name));
      try {
        systemd.awaitLine("STATUS=Loading", PATIENCE);
        server.toHandle().destroy(); // the small model may be there by now: then it drains
        systemd.awaitLine("STOPPING=1", PATIENCE);
        assertEquals(0, codeOf(server));
      } finally {
        server.destroyForcibly();
      }
    }
  }

  @Test
  void sigtermWhileALargeModelIsLoadedEndsInTime() throws Exception {
    Path model = directory.resolve("model.gguf"); // not known as the demo's, so that it is tried
    Files.copy(new ModelFiles(CliRun.HOME).find(ModelFiles.DEMO_DRAFT), model);
    Process server =
        sled(
            Map.of(
                "XDG_CACHE_HOME", directory.toString(),
                "SLED_EMULATOR", SlowProgram.in(directory).toString()),
            "serve",
            "--model=" + model,
            "--listen=127.0.0.1:0",
            "--admin=off");
    List<ProcessHandle> trying = List.of();
    try {
      for (int i = 0; trying.isEmpty(); i++) {
        assertTrue(i < 100 * PATIENCE_SECONDS && server.isAlive(), "the model is being tried");
        Thread.sleep(10);
        trying = server.children().toList();
      }
      server.toHandle().destroy();
      assertEquals(0, codeOf(server));
    } finally {
      server.destroyForcibly();
      trying.forEach(ProcessHandle::destroyForcibly);
    }
  }

  @Test
  void sigtermDrainsAndCtrlCOfAClientCancels() throws Exception {
    Process server = serveDemo(Map.of());
    try (BufferedReader err = errors(server)) {
      String address = lineWith(err, "listening on ").replace("listening on ", "");

      Process client = generateWithoutEnd(address);
      try (BufferedReader out =
          new BufferedReader(
              new InputStreamReader(client.getInputStream(), StandardCharsets.UTF_8))) {
        assertTrue(out.read() >= 0, "text streams");
        client.toHandle().destroy(); // unlike destroy(), leaves the streams open
        // It may have been done with all the context before the signal came.
        while (out.readLine() != null) {
          // Reads to the end, so that the client is not held up.
        }
        int code = codeOf(client);
        assertTrue(List.of(0, 130).contains(code), "code " + code);
      }

      server.toHandle().destroy();
      assertEquals(0, codeOf(server));
      lineWith(err, "sessions");
    } finally {
      server.destroyForcibly();
    }
  }
}
