package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Signals, which only a process of its own can be sent. */
final class ServeProcessTest {
  private static final long PATIENCE_SECONDS = 60;

  private static Process sled(String... args) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String property : new String[] {"sled.home", "sled.native.dir"}) {
      if (System.getProperty(property) != null) {
        command.add("-D" + property + "=" + System.getProperty(property));
      }
    }
    command.addAll(List.of("--add-opens", "java.base/jdk.internal.misc=ALL-UNNAMED"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), "org.sled.cli.Sled"));
    command.addAll(List.of(args));
    return new ProcessBuilder(command).start();
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

  @Test
  void sigtermDrainsAndCtrlCOfAClientCancels() throws Exception {
    Process server =
        sled("serve", "--model", "demo:target", "--listen", "127.0.0.1:0", "--threads", "1");
    try (BufferedReader err =
        new BufferedReader(
            new InputStreamReader(server.getErrorStream(), StandardCharsets.UTF_8))) {
      String address = lineWith(err, "listening on ").replace("listening on ", "");

      Process client =
          sled("generate", "--server", address, "-n", "0", "--ignore-end", "-p", "Hello");
      try (BufferedReader out =
          new BufferedReader(
              new InputStreamReader(client.getInputStream(), StandardCharsets.UTF_8))) {
        assertTrue(out.read() >= 0, "text streams");
        client.toHandle().destroy(); // unlike destroy(), leaves the streams open
        // It may have been done with all the context before the signal came.
        while (out.readLine() != null) {
          // Reads to the end, so that the client is not held up.
        }
        assertTrue(client.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS));
        assertTrue(List.of(0, 130).contains(client.exitValue()), "code " + client.exitValue());
      }

      server.toHandle().destroy();
      assertTrue(server.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS));
      assertEquals(0, server.exitValue());
      lineWith(err, "sessions");
    } finally {
      server.destroyForcibly();
    }
  }
}
