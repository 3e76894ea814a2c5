package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sled.bridge.Fingerprints;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Signals;
import org.sled.cli.files.ModelFiles;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.net.protocol.TokenizerFingerprint;

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

  /** The first process that this one starts. */
  private static ProcessHandle firstChild(Process process) throws InterruptedException {
    for (int i = 0; i < 100 * PATIENCE_SECONDS; i++) {
      Optional<ProcessHandle> child = process.children().findFirst();
      if (child.isPresent()) {
        return child.get();
      }
      assertTrue(process.isAlive(), "it has ended");
      Thread.sleep(10);
    }
    throw new AssertionError("it starts no process");
  }

  private static void assertEndsInterrupted(Process process) throws InterruptedException {
    process.toHandle().destroy(); // SIGTERM
    assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "still there");
    assertEquals(ExitCodes.INTERRUPTED, process.exitValue());
  }

  /** A template is a program, which may come from a server. This one computes until its limit. */
  @Test
  void aTemplateThatTakesLongIsNotWaitedFor() throws Exception {
    Path file = new ModelFiles(CliRun.HOME).find(ModelFiles.DEMO_DRAFT);
    TokenizerFingerprint fingerprint;
    try (Model model = Model.open(file, ModelParams.DEFAULT.withVocabularyOnly(true))) {
      fingerprint = Fingerprints.of(model.info());
    }
    try (VocabularyServer server = new VocabularyServer(fingerprint, null)) {
      server.template =
          "{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}";
      Process client =
          ChildJvm.of(
                  List.of("-XX:TieredStopAtLevel=1"),
                  "org.sled.cli.Sled",
                  "generate",
                  "--server=127.0.0.1:" + server.port(),
                  "--model=demo:draft",
                  "-p=Hello")
              .start();
      try {
        firstChild(client);
        assertEndsInterrupted(client);
      } finally {
        client.destroyForcibly();
      }
    }
  }

  /** While a model is tried or loaded, the process is in native code. */
  @Test
  void aModelThatTakesLongToLoadIsNotWaitedFor(@TempDir Path directory) throws Exception {
    Path model = directory.resolve("model.gguf"); // not known as the demo's, so that it is tried
    Files.copy(new ModelFiles(CliRun.HOME).find(ModelFiles.DEMO_DRAFT), model);
    ProcessBuilder command =
        ChildJvm.of(
            List.of("-XX:TieredStopAtLevel=1"),
            "org.sled.cli.Sled",
            "generate",
            "--local",
            "--model=" + model,
            "-p=Hello");
    command.environment().put("XDG_CACHE_HOME", directory.toString());
    command.environment().put("SLED_EMULATOR", SlowProgram.in(directory).toString());
    Process client = command.start();
    ProcessHandle trying = null;
    try {
      trying = firstChild(client);
      assertEndsInterrupted(client);
    } finally {
      client.destroyForcibly();
      if (trying != null) {
        trying.destroyForcibly();
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
