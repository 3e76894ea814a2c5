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
    Process process =
        ChildJvm.of(
                List.of("-XX:TieredStopAtLevel=1", "-Xlog:class+load:stdout:none"),
                "org.sled.cli.Sled",
                "--version")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue());
    assertTrue(out.contains("org.sled.cli.generate.GenerateCommand "), out);
    List<String> needless =
        out.lines().filter(line -> LARGE.stream().anyMatch(line::startsWith)).toList();
    assertEquals(List.of(), needless);
  }

  @Test
  void classesToShareAreLoadedFromEveryJar() throws Exception {
    Process process =
        ChildJvm.of(
                List.of("-XX:TieredStopAtLevel=1", "-Xlog:class+load:stdout:none"),
                "org.sled.cli.SharedClasses")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue());
    for (String library : LARGE) {
      assertTrue(out.lines().anyMatch(line -> line.startsWith(library)), library);
    }
  }
}
