package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a checkout's {@code ./sled} does about tools that are missing ({@code toolchains/tools.sh}),
 * on a system of made commands.
 */
class BuildToolsTest {
  private static final Path SCRIPT =
      Path.of(System.getProperty("sled.home"), "toolchains/tools.sh");

  @TempDir Path directory;

  @Test
  void whatIsMissingIsNamedInOneLineAndInstalled() throws Exception {
    command("apt-get", "echo \"$*\" >>" + directory.resolve("calls"));
    command("apt-cache", "[ \"$2\" = openjdk-21-jdk-headless ]");
    command("sudo", "[ \"$1\" = -n ] && shift; exec \"$@\"");
    command("env", "shift; exec \"$@\"");
    assertEquals(0, provide("--yes"));
    assertTrue(
        said()
            .lines()
            .anyMatch("sled: to build, this machine lacks: openjdk-21-jdk-headless cmake"::equals),
        said());
    List<String> calls = Files.readAllLines(directory.resolve("calls"));
    assertEquals("update -qq", calls.get(0));
    assertEquals(
        "install -y --no-install-recommends openjdk-21-jdk-headless cmake -qq", calls.get(1));
  }

  @Test
  void whereNothingCanBeInstalledTheCommandIsSaid() throws Exception {
    assertEquals(1, provide(""));
    assertTrue(said().contains("apt-get install openjdk-17-jdk-headless cmake"), said());
    assertTrue(said().contains("cmake (CMake 3.18 or newer)"), said());
    assertFalse(said().contains("installing"), said());
  }

  private int provide(String option) throws Exception {
    String lines =
        "set -euo pipefail; source "
            + SCRIPT
            + "; need no-javac \"$(jdk_package)\" 'JDK 17'"
            + "; need cmake cmake 'CMake 3.18 or newer'; provide build "
            + option;
    ProcessBuilder builder = new ProcessBuilder("/bin/bash", "-c", lines);
    builder.redirectError(directory.resolve("said").toFile());
    builder.environment().clear();
    builder.environment().put("PATH", Files.createDirectories(bin()).toString());
    Process process = builder.start();
    process.getOutputStream().close();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    return process.exitValue();
  }

  private String said() throws IOException {
    return Files.readString(directory.resolve("said"));
  }

  private Path bin() {
    return directory.resolve("bin");
  }

  private void command(String name, String script) throws IOException {
    Path file = Files.createDirectories(bin()).resolve(name);
    Files.writeString(file, "#!/bin/bash\n" + script + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
