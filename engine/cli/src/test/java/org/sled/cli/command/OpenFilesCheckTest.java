package org.sled.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.sled.cli.ChildJvm;

final class OpenFilesCheckTest {
  private static String limits(String soft) {
    return "Limit                     Soft Limit           Hard Limit           Units     \n"
        + "Max processes             63                   63                   processes \n"
        + "Max open files            "
        + soft
        + "                   1048576              files     \n";
  }

  @Test
  void onlyTooFewAreAProblem() {
    assertNotNull(OpenFilesCheck.problem(limits("64")));
    assertNotNull(OpenFilesCheck.problem(limits("99")));
    for (String enough : new String[] {"100", "1024", "1073741816", "unlimited"}) {
      assertNull(OpenFilesCheck.problem(limits(enough)), enough);
    }
    assertNull(OpenFilesCheck.problem("no such line"));
  }

  /** A process of its own, whose shell lowers the limit. */
  @Test
  void aJvmWithTooFewFilesSaysSoInOneSentence() throws Exception {
    List<String> command = new ArrayList<>(List.of("bash", "-c", "ulimit -n 64; exec \"$@\"", "-"));
    command.addAll(
        ChildJvm.of(List.of(), "org.sled.cli.Sled", "serve", "--model", "demo:target").command());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(1, process.exitValue(), output);
    assertTrue(
        output.startsWith("sled: this process may have only 64 files open")
            && output.lines().count() == 1,
        output);
  }
}
