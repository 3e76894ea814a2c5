package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sled.core.cost.RowRule;
import org.sled.jni.EngineParams;
import org.sled.jni.SledException;
import org.sled.net.protocol.EndTokens;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.server.target.TargetDescription;

/** A daemon that does not start leaves no thread, no socket and no memory behind. */
final class FailedStartTest {
  @TempDir Path directory;

  private Set<String> threadsBefore;

  @BeforeEach
  void count() {
    threadsBefore = threads();
  }

  private static Set<String> threads() {
    Set<String> names = new TreeSet<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("sled-")) {
        names.add(thread.getName() + " " + thread.getId());
      }
    }
    return names;
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    for (int i = 0; !threadsBefore.containsAll(threads()); i++) {
      assertTrue(i < 2000, "left behind: " + threads());
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  private static void assertFree(int port) throws IOException {
    new ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close();
  }

  @Test
  void thePortIsTaken() throws Exception {
    ScriptedTarget target = new ScriptedTarget(8, 4, 200);
    int adminPort = freePort();
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ServerConfig config =
          ServerConfig.of(Path.of("scripted"))
              .listen("127.0.0.1", taken.getLocalPort())
              .admin(new ServerConfig.Admin("127.0.0.1", adminPort, true))
              .conclude();
      IOException e =
          assertThrows(
              IOException.class, () -> Daemon.start(config, description("scripted"), target));
      assertTrue(e.getMessage().contains("cannot listen"), e::getMessage);
    }
    assertTrue(target.closed, "its memory is free");
    assertFree(adminPort);
  }

  @Test
  void somethingElseThanAnExceptionIsThrown() throws Exception {
    ScriptedTarget target = new ScriptedTarget(8, 4, 200);
    int port = freePort();
    int adminPort = freePort();
    ServerConfig config =
        ServerConfig.of(Path.of("scripted"))
            .listen("127.0.0.1", port)
            .admin(new ServerConfig.Admin("127.0.0.1", adminPort, true))
            .conclude();
    // As an OutOfMemoryError would, at the very end.
    assertThrows(NullPointerException.class, () -> Daemon.start(config, description(null), target));
    assertTrue(target.closed);
    assertFree(port);
    assertFree(adminPort);
  }

  private static TargetDescription description(String modelName) {
    return new TargetDescription(
        new TokenizerFingerprint(ScriptedTarget.VOCABULARY, 1, 2, 3, 4),
        200,
        4,
        4,
        512,
        63,
        true,
        RowRule.NO_LONE_ROW,
        42,
        modelName,
        "",
        EndTokens.UNKNOWN);
  }

  @Test
  void theModelIsNone() throws Exception {
    Path file = Files.writeString(directory.resolve("none.gguf"), "GGUF, it says");
    int adminPort = freePort();
    ServerConfig config =
        ServerConfig.of(file)
            .listen("127.0.0.1", 0)
            .admin(new ServerConfig.Admin("127.0.0.1", adminPort, true))
            .conclude();
    assertThrows(SledException.class, () -> Daemon.start(config));
    assertFree(adminPort);
  }

  @Test
  void thereIsNoMemoryForTheEngine() throws Exception {
    // A file of its own, since its mapping shows whether it is open.
    Path source = Path.of(System.getProperty("sled.home"), "models", "demo-draft.gguf");
    Path file = Files.copy(source, directory.resolve("target.gguf"));
    int adminPort = freePort();
    ServerConfig config =
        ServerConfig.of(file)
            .listen("127.0.0.1", 0)
            .admin(new ServerConfig.Admin("127.0.0.1", adminPort, true))
            .engineParams(EngineParams.DEFAULT.withSequenceCount(256).withContextTokens(1 << 24))
            .conclude();
    assertThrows(SledException.class, () -> Daemon.start(config));
    assertFree(adminPort);
    Path maps = Path.of("/proc/self/maps");
    if (Files.isReadable(maps)) {
      assertFalse(Files.readString(maps).contains(file.toString()), "the model is still open");
    }
    assertEquals(0, threads().stream().filter(name -> name.contains("verifier")).count());
  }
}
