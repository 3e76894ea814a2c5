package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.sled.cli.files.ModelFiles;
import org.sled.example.Story;
import org.sled.jni.EngineParams;
import org.sled.jni.Numerics;
import org.sled.server.Daemon;
import org.sled.server.ServerConfig;

/** The client as an application has it: the README's example, and a JVM with a small heap. */
final class LibraryTest {
  private static final long LIMIT_SECONDS = 120;

  private static final String PROMPT = "Tell me a story about a fox and a lantern.";
  private static final List<String> SMALL_HEAP =
      List.of("-Xmx64m", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8");

  /**
   * Bytes on the heap for a token: five times what was measured. Most of it is the application's
   * thread, which turns token ids into strings.
   */
  private static final long BUDGET_BYTES_PER_TOKEN = 4096;

  /**
   * The same with nothing that grows by itself: the heap is in main memory from the start, and the
   * optimising compiler, whose own memory comes and goes, stays out.
   */
  private static final List<String> STEADY_HEAP =
      List.of(
          "-Xms64m",
          "-Xmx64m",
          "-XX:+UseSerialGC",
          "-XX:+AlwaysPreTouch",
          "-XX:TieredStopAtLevel=1",
          "-Dfile.encoding=UTF-8");

  /** What live objects may grow by while nothing is kept. */
  private static final long MORE_LIVE_KIB = 1024;

  /** What the process may: the arenas of malloc do not give back all that was freed. */
  private static final long MORE_RESIDENT_KIB = 4 * 1024;

  private static Daemon daemon;
  private static String draft;

  @TempDir Path directory;

  @BeforeAll
  static void start() throws Exception {
    ModelFiles models = new ModelFiles(CliRun.HOME);
    draft = models.find(ModelFiles.DEMO_DRAFT).toString();
    daemon =
        Daemon.start(
            ServerConfig.of(models.find(ModelFiles.DEMO_TARGET))
                .listen("127.0.0.1", 0)
                .engineParams(
                    EngineParams.DEFAULT
                        .withSequenceCount(2)
                        .withThreads(1)
                        .withNumerics(Numerics.EXACT))
                .conclude());
  }

  @AfterAll
  static void stop() {
    daemon.close();
  }

  private static String port() {
    return Integer.toString(daemon.address().getPort());
  }

  /** What the target alone says, as the CLI has it. */
  private static String alone(String... options) {
    List<String> command = new ArrayList<>(List.of("generate", "--local", "-t", "1", "--json"));
    command.addAll(List.of("-p", PROMPT));
    command.addAll(List.of(options));
    return CliRun.of(command.toArray(String[]::new)).expect(0).json().get("text").asText();
  }

  /** What a class prints in a JVM with a small heap. */
  private String run(Class<?> main, String... args) throws Exception {
    return run(LIMIT_SECONDS, SMALL_HEAP, main, args);
  }

  private String run(long limitSeconds, List<String> options, Class<?> main, String... args)
      throws Exception {
    File out = directory.resolve("out").toFile();
    File err = directory.resolve("err").toFile();
    Process process =
        ChildJvm.of(options, main.getName(), args).redirectOutput(out).redirectError(err).start();
    try {
      assertTrue(process.waitFor(limitSeconds, TimeUnit.SECONDS), "it does not end");
    } finally {
      process.destroyForcibly();
    }
    String errors = Files.readString(err.toPath());
    assertEquals(0, process.exitValue(), errors);
    assertEquals("", errors);
    return Files.readString(out.toPath());
  }

  @Test
  void theExamplePrintsWhatTheTargetSays() throws Exception {
    String told = run(Story.class, "127.0.0.1", port(), draft, PROMPT);
    String alone = alone("-n", "256", "--temperature", "0.8", "--seed", "7");
    assertFalse(alone.isEmpty());
    assertEquals(alone + System.lineSeparator(), told);
  }

  /** What people copy is what was compiled and run. */
  @Test
  void theReadmeShowsTheExample() throws Exception {
    Path file = CliRun.HOME.resolve("engine/cli/src/test/java/org/sled/example/Story.java");
    String source = Files.readString(file);
    String code = source.substring(source.indexOf("import "));
    String readme = Files.readString(CliRun.HOME.resolve("README.md"));
    assertTrue(readme.contains("<!-- Story.java -->\n```java\n" + code + "```\n"), code);
  }

  @Test
  void aSmallHeapIsEnough() throws Exception {
    String[] parts = run(HeapMeter.class, port(), draft, "1500", PROMPT).split("\n\n", 2);
    assertEquals(alone("--raw", "-n", "1500", "--ignore-end"), parts[1]);
    long bytes = parts[0].lines().mapToLong(line -> Long.parseLong(line.split(" ", 2)[0])).sum();
    assertTrue(parts[0].contains("sled-draft-1"), parts[0]);
    assertTrue(bytes <= BUDGET_BYTES_PER_TOKEN, parts[0]);
  }

  /** {@code -Dsled.test.generations=10000} for as many as a device makes in a day. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void manyGenerationsTakeNoMoreMemoryThanSome() throws Exception {
    String count = System.getProperty("sled.test.generations", "2000");
    long seconds = LIMIT_SECONDS + Long.parseLong(count) / 20;
    List<long[]> kib =
        run(seconds, STEADY_HEAP, ResidentMeter.class, port(), draft, count, PROMPT)
            .lines()
            .map(line -> Stream.of(line.split(" ")).mapToLong(Long::parseLong).toArray())
            .toList();
    assertEquals(10, kib.size());
    Supplier<String> all = () -> kib.stream().map(Arrays::toString).toList().toString();
    assertTrue(growth(kib, 0) <= MORE_LIVE_KIB, all);
    assertTrue(growth(kib, 1) <= MORE_RESIDENT_KIB, all);
  }

  /** From the fourth to sixth tenth to the last three; the first three load and compile code. */
  private static long growth(List<long[]> kib, int column) {
    return least(kib.subList(7, 10), column) - least(kib.subList(3, 6), column);
  }

  private static long least(List<long[]> kib, int column) {
    return kib.stream().mapToLong(line -> line[column]).min().orElseThrow();
  }
}
