package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The script {@code bin/sled} of an installation, with a fake {@code java} that shows what it got.
 */
class LauncherTest {
  private static final Path LAUNCHER =
      Path.of(System.getProperty("sled.home"), "engine/cli/src/main/dist/bin/sled");

  @TempDir Path javaHome;

  @BeforeEach
  void fakeJava() throws IOException {
    Files.writeString(javaHome.resolve("release"), "JAVA_VERSION=\"17.0.1\"\n");
    Path java = Files.createDirectory(javaHome.resolve("bin")).resolve("java");
    Files.writeString(
        java, "#!/bin/sh\nlocale charmap 2>&1\nfor a; do last=$a; done\necho \"$last\"\n");
    Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @Test
  void javaAlwaysReadsItsArgumentsAsUtf8() throws Exception {
    for (Map<String, String> locale :
        List.<Map<String, String>>of(
            Map.of(),
            Map.of("LANG", ""),
            Map.of("LANG", "C"),
            Map.of("LANG", "C.UTF-8"),
            Map.of("LANG", "xx_YY.UTF-8"),
            Map.of("LC_CTYPE", "xx_YY.utf8", "LANG", "C.UTF-8"),
            Map.of("LC_TIME", "xx_YY.UTF-8", "LANG", "C.UTF-8"),
            Map.of("LC_ALL", "xx_YY.UTF-8"),
            Map.of("LANG", "de_DE.ISO-8859-1"))) {
      assertEquals("UTF-8\nfür 🦊\n", launch(locale, "für 🦊"), locale.toString());
    }
  }

  @Test
  void withoutAHomeItStartsAllTheSame() throws Exception {
    for (Map<String, String> home :
        List.of(Map.of("HOME", ""), Map.of("HOME", "/"), Map.of("HOME", "/no/such/place"))) {
      assertTrue(launch(home, "x").endsWith("\nx\n"), home.toString());
    }
  }

  @Test
  void anArchiveOfClassesIsMadeWholeOrNotAtAll(@TempDir Path directory) throws Exception {
    Path archive = directory.resolve("sled.jsa");
    Map<String, String> there = Map.of("SLED_LAUNCH_ARCHIVE", archive.toString());
    Path java = javaHome.resolve("bin/java");
    String part =
        "for a; do case $a in -XX:ArchiveClassesAtExit=*) echo x >\"${a#*=}\" ;; esac; done\n";

    Files.writeString(java, "#!/bin/sh\n" + part + "exit 1\n");
    assertEquals(1, start(there, "share-classes").exit());
    try (Stream<Path> left = Files.list(directory)) {
      assertEquals(List.of(), left.toList());
    }

    Files.writeString(java, "#!/bin/sh\n" + part);
    assertEquals(0, start(there, "share-classes").exit());
    try (Stream<Path> left = Files.list(directory)) {
      assertEquals(List.of(archive), left.toList());
    }
  }

  @Test
  void startsMapAnArchiveThatIsThere(@TempDir Path directory) throws Exception {
    Path archive = directory.resolve("sled.jsa");
    Map<String, String> there = Map.of("SLED_LAUNCH_ARCHIVE", archive.toString());
    Files.writeString(javaHome.resolve("bin/java"), "#!/bin/sh\necho \"$@\"\n");
    String option = "-XX:SharedArchiveFile=" + archive + " -Xlog:cds*=off ";
    assertFalse(start(there, "--version").out().contains(option));
    Files.createFile(archive);
    assertTrue(start(there, "--version").out().contains(option));
  }

  private String launch(Map<String, String> environment, String argument) throws Exception {
    Run run = start(environment, "generate", "-p", argument);
    assertEquals(0, run.exit(), run.err());
    return run.out();
  }

  private record Run(int exit, String out, String err) {}

  private Run start(Map<String, String> environment, String... arguments) throws Exception {
    Path errors = javaHome.resolve("errors");
    List<String> command = new ArrayList<>(List.of("bash", LAUNCHER.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(errors.toFile());
    String path = builder.environment().get("PATH");
    builder.environment().clear();
    builder.environment().putAll(Map.of("PATH", path, "JAVA_HOME", javaHome.toString()));
    builder.environment().putAll(environment);
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    return new Run(process.exitValue(), out, Files.readString(errors));
  }
}
