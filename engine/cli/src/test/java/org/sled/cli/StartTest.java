package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StartTest {
  private static final List<String> LARGE =
      List.of("com.fasterxml.jackson.databind", "io.netty", "ch.qos.logback.core", "io.micrometer");

  @Test
  void whatOnlySomeCommandsNeedIsNotLoadedAtEveryStart() throws Exception {
    List<String> loaded = classesLoadedBy("org.sled.cli.Sled", "--version");
    assertTrue(
        loaded.stream().anyMatch(line -> line.startsWith("org.sled.cli.generate.GenerateCommand ")),
        loaded::toString);
    List<String> needless =
        loaded.stream().filter(line -> LARGE.stream().anyMatch(line::startsWith)).toList();
    assertEquals(List.of(), needless);
  }

  @Test
  void classesToShareAreLoadedFromEveryJar() throws Exception {
    List<String> loaded = classesLoadedBy("org.sled.cli.SharedClasses");
    for (String library : LARGE) {
      assertTrue(loaded.stream().anyMatch(line -> line.startsWith(library)), library);
    }
  }

  private static List<String> classesLoadedBy(String mainClass, String... args) throws Exception {
    Process process =
        ChildJvm.of(
                List.of("-XX:TieredStopAtLevel=1", "-Xlog:class+load:stdout:none"), mainClass, args)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue());
    return out.lines().toList();
  }
}
