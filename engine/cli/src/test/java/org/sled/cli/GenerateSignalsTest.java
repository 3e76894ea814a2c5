package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** One signal ends {@code sled generate}, whatever it is at. */
final class GenerateSignalsTest {
  private static final long PATIENCE_SECONDS = 60;

  /** A server that takes a connection and says nothing. */
  private static void afterConnecting(ServerSocket socket, Runnable then) {
    Thread thread =
        new Thread(
            () -> {
              try (Socket client = socket.accept()) {
                int hello = client.getInputStream().read();
                assertTrue(hello >= 0);
                then.run();
                while (client.getInputStream().read() >= 0) {
                  // Until it goes.
                }
              } catch (java.io.IOException e) {
                // It went.
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  @Test
  void whatWaitsForAServerIsInterrupted() throws Exception {
    for (Signals.Kind kind : Signals.Kind.values()) {
      try (ServerSocket socket = new ServerSocket(0)) {
        afterConnecting(socket, () -> CliRun.SIGNALS.get().send(kind));
        CliRun run =
            CliRun.of(
                "generate",
                "--server=127.0.0.1:" + socket.getLocalPort(),
                "--timeout=3600",
                "--json",
                "-p=Hello");
        run.expect(ExitCodes.INTERRUPTED);
        assertEquals("interrupted", run.json().at("/error/code").asText());
        // What cannot be interrupted would have been ended.
        assertTrue(CliRun.SIGNALS.get().endings.contains(ExitCodes.INTERRUPTED));
      }
    }
  }

  @Test
  void aTextThatNobodyReadsEnds() throws Exception {
    Process server =
        ChildJvm.of(
                List.of("-XX:TieredStopAtLevel=1"),
                "org.sled.cli.Sled",
                "serve",
                "--model=demo:target",
                "--listen=127.0.0.1:0",
                "--admin=off",
                "--threads=1")
            .start();
    try (BufferedReader err =
        new BufferedReader(
            new InputStreamReader(server.getErrorStream(), StandardCharsets.UTF_8))) {
      String line = err.readLine();
      while (!line.startsWith("listening on ")) {
        line = err.readLine();
      }
      Process client =
          ChildJvm.of(
                  List.of("-XX:TieredStopAtLevel=1"),
                  "org.sled.cli.Sled",
                  "generate",
                  "--server=" + line.substring("listening on ".length()),
                  "--draft-tokens=0",
                  "--ignore-end",
                  "--max-tokens=0",
                  "--events",
                  "-p=Hello")
              .start();
      try (InputStream out = client.getInputStream()) {
        // The pipe is full when no more comes; every token is a line of some hundred bytes.
        int last = -1;
        for (int now = 0; now < 32_768 || now != last; now = out.available()) {
          assertTrue(client.isAlive());
          last = now;
          Thread.sleep(200);
        }
        client.toHandle().destroy(); // SIGTERM
        assertTrue(client.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "still there");
        assertEquals(ExitCodes.INTERRUPTED, client.exitValue());
      } finally {
        client.destroyForcibly();
      }
    } finally {
      server.destroyForcibly();
    }
  }
}
