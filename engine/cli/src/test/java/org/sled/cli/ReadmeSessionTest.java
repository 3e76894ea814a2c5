package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sled.cli.hub.FakeHub;

/**
 * The README's session from names to a text, as it is written, from an empty cache: against a hub
 * that has the demo pair under those names.
 */
@Timeout(value = 240, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ReadmeSessionTest {
  private static final String BEGIN = "<!-- session -->\n```\n";
  private static final String TARGET = "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF";
  private static final String DRAFT = "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF";

  @TempDir Path directory;
  private final List<Process> processes = new ArrayList<>();

  @AfterEach
  void stop() {
    for (Process process : processes) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  /** The lines of it: settings of variables, and commands. */
  private static List<String> session() throws IOException {
    String readme = Files.readString(CliRun.HOME.resolve("README.md"));
    int begin = readme.indexOf(BEGIN);
    assertTrue(begin >= 0, "the README has no session");
    String block = readme.substring(begin + BEGIN.length());
    return block
        .substring(0, block.indexOf("```"))
        .lines()
        .filter(line -> !line.isBlank() && !line.startsWith("#"))
        .toList();
  }

  /** A line for a shell, in which {@code ./sled} is this build. */
  private Process shell(String variables, String line, FakeHub hub) throws IOException {
    String sled =
        ChildJvm.of(List.of(), "org.sled.cli.Sled").command().stream()
            .map(word -> "'" + word.replace("'", "'\\''") + "'")
            .collect(Collectors.joining(" ", "sled() { ", " \"$@\"; }\n"));
    ProcessBuilder builder =
        new ProcessBuilder(
            "bash", "-c", sled + variables + line.replace("./sled", "sled").replaceFirst("&$", ""));
    builder
        .environment()
        .keySet()
        .removeIf(
            name ->
                name.startsWith("HF_")
                    || name.startsWith("SLED_")
                    || name.toLowerCase(Locale.ROOT).endsWith("_proxy"));
    builder.environment().put("HF_HOME", directory.toString());
    builder.environment().put("HF_ENDPOINT", hub.endpoint());
    builder.environment().put("XDG_CACHE_HOME", directory.resolve("cache").toString());
    builder.environment().put("SLED_SERVE_LISTEN", "127.0.0.1:0");
    builder.environment().put("SLED_SERVE_ADMIN", "off");
    builder.environment().put("SLED_FIT_SECONDS", "15");
    Process process = builder.start();
    processes.add(process);
    return process;
  }

  @Test
  void theReadmesCommandsRunAsTheyAreWritten() throws Exception {
    byte[] target = Files.readAllBytes(CliRun.HOME.resolve("models/demo-target.gguf"));
    byte[] draft = Files.readAllBytes(CliRun.HOME.resolve("models/demo-draft.gguf"));
    try (FakeHub hub =
        new FakeHub(TARGET)
            .large("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", target)
            .repo(DRAFT)
            .large("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", draft)) {
      StringBuilder variables = new StringBuilder();
      List<String> ran = new ArrayList<>();
      for (String line : session()) {
        if (!line.startsWith("./sled ")) {
          variables.append(line).append('\n');
          continue;
        }
        String command = line.split("\\s+", 3)[1];
        ran.add(command);
        Process process = shell(variables.toString(), line, hub);
        if (command.equals("serve")) {
          variables.append("export SLED_GENERATE_SERVER=").append(address(process)).append('\n');
          continue;
        }
        Path err = directory.resolve("err");
        Thread errors = copy(process, err);
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        errors.join();
        assertEquals(0, process.exitValue(), () -> line + "\n" + read(err));
        assertFalse(out.isBlank(), line);
      }
      assertEquals(List.of("models", "serve", "generate", "fit"), ran);
      assertEquals(2, hub.fileRequests());
    }
  }

  private static Thread copy(Process process, Path file) {
    Thread thread =
        new Thread(
            () -> {
              try {
                Files.write(file, process.getErrorStream().readAllBytes());
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** Where a server listens, once it does. */
  private static String address(Process server) throws IOException {
    BufferedReader lines = server.errorReader(StandardCharsets.UTF_8);
    StringBuilder all = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      all.append(line).append('\n');
      if (line.startsWith("listening on ")) {
        return line.substring("listening on ".length());
      }
    }
    throw new AssertionError("it does not listen:\n" + all);
  }
}
