package org.sled.cli.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.sled.cli.ChildJvm;

/** Arguments as bytes, whatever the locale says. */
final class ProcessTextTest {
  private static List<byte[]> pieces(byte[] last) {
    List<byte[]> pieces =
        new ArrayList<>(ProcessText.split("java\0\0Sled\0-p\0".getBytes(StandardCharsets.UTF_8)));
    pieces.add(last);
    return pieces;
  }

  @Test
  void argumentsAreTheLastPieces() {
    assertEquals(
        4, ProcessText.split("java\0\0Sled\0-p\0".getBytes(StandardCharsets.UTF_8)).size());
    byte[] text = "Grüße\uFFFD".getBytes(StandardCharsets.UTF_8);
    assertArrayEquals(
        new String[] {"-p", "Grüße\uFFFD"}, ProcessText.arguments(pieces(text), "-p", "Gr??e?"));
    String[] unknown = {"-p", "a", "b", "c", "d", "e"};
    assertArrayEquals(unknown, ProcessText.arguments(pieces(text), unknown), "no /proc");
    String why =
        assertThrows(
                IllegalArgumentException.class,
                () -> ProcessText.arguments(pieces(new byte[] {'a', (byte) 0xff}), "-p", "a?"))
            .getMessage();
    assertTrue(why.contains("argument 2") && why.contains("0xff at offset 1"), why);
  }

  @Test
  void aProcessReadsBytesInEveryLocale() throws Exception {
    // The stop string is wrong, so that the error shows it. The shell makes the bytes.
    assertTrue(run("--stop", "Gr\\303\\274\\303\\237e\\\\x").contains("'Grüße\\x'"));
    assertTrue(run("--stop", "Gr\\374\\337e").contains("0xfc at offset 2"));
  }

  private static String run(String... octal) throws Exception {
    List<String> java =
        ChildJvm.of(List.of("-XX:TieredStopAtLevel=1"), "org.sled.cli.Sled").command();
    List<String> command = new ArrayList<>(List.of("bash", "-c"));
    command.add("value=$(printf '" + octal[1] + "'); exec \"$@\" \"$value\"");
    command.add("bash");
    command.addAll(java);
    command.addAll(List.of("generate", "--local", "-p", "a", octal[0]));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    process.getOutputStream().close();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(ExitCodes.USAGE, process.exitValue(), text);
    return text;
  }
}
