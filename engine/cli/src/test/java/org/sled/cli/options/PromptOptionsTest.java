package org.sled.cli.options;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** One rule for a prompt, wherever it comes from. */
final class PromptOptionsTest {
  @TempDir Path directory;

  @Command
  private static final class Prompted {
    @Mixin private PromptOptions prompt;
  }

  private static String prompt(byte[] in, String... args) throws IOException {
    Prompted command = new Prompted();
    new CommandLine(command).parseArgs(args);
    return command.prompt.text(new ByteArrayInputStream(in));
  }

  private Path file(byte... bytes) throws IOException {
    return Files.write(directory.resolve("prompt.txt"), bytes);
  }

  /** Escapes: n for a line feed, r for a carriage return, B for a byte order mark. */
  @ParameterizedTest
  @CsvSource({
    "one, one",
    "one\\n, one",
    "one\\r\\n, one",
    "one\\n\\n, one\\n",
    "one\\r\\ntwo\\r\\n\\r\\n, one\\ntwo\\n",
    "one\\rtwo, one\\rtwo",
    "\\Bone, one",
    "\\B\\Bone, \\Bone",
    "one\\B, one\\B",
    "' one ', ' one '",
    "Grüße 你好 🦊\\r\\n, Grüße 你好 🦊",
  })
  void theSameTextFromEverywhere(String given, String meant) throws IOException {
    String text = unescaped(given);
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    String expected = unescaped(meant);
    assertEquals(expected, prompt(new byte[0], "--prompt", text));
    assertEquals(expected, prompt(bytes, "-"));
    assertEquals(expected, prompt(new byte[0], "--prompt-file", file(bytes).toString()));
  }

  private static String unescaped(String text) {
    return text.replace("\\n", "\n").replace("\\r", "\r").replace("\\B", "\uFEFF");
  }

  @Test
  void invalidBytesAreNamed() throws IOException {
    byte[] bytes = "Grüße".getBytes(StandardCharsets.ISO_8859_1);
    for (String[] args : new String[][] {{"-"}, {"--prompt-file", file(bytes).toString()}}) {
      CommandFailure failure = assertThrows(CommandFailure.class, () -> prompt(bytes, args));
      assertTrue(failure.getMessage().contains("byte 0xfc at offset 2"), failure::getMessage);
      assertTrue(failure.getMessage().contains(args.length == 1 ? "stdin" : "prompt.txt"));
    }
    // A character that is cut off, one that is too long, and half of a surrogate pair.
    for (byte[] wrong :
        new byte[][] {
          {'a', (byte) 0xc3}, {(byte) 0xc0, (byte) 0x80}, {(byte) 0xed, (byte) 0xa0, 0}
        }) {
      assertThrows(CommandFailure.class, () -> prompt(wrong, "-"));
    }
  }

  @Test
  void nothingIsNoPrompt() {
    for (String nothing : new String[] {"", "\n", "\r\n", "\uFEFF"}) {
      byte[] bytes = nothing.getBytes(StandardCharsets.UTF_8);
      assertEquals(
          ExitCodes.USAGE, assertThrows(CommandFailure.class, () -> prompt(bytes, "-")).exitCode());
      assertThrows(CommandFailure.class, () -> prompt(bytes, "--prompt", nothing));
    }
  }

  @Test
  void filesThatCannotBeRead() {
    for (String name : new String[] {directory.toString(), "/no/such.txt"}) {
      CommandFailure failure =
          assertThrows(CommandFailure.class, () -> prompt(new byte[0], "--prompt-file", name));
      assertTrue(failure.getMessage().contains(name), failure::getMessage);
    }
  }

  @Test
  void aPromptLeavesRoomForAnAnswer() {
    PromptOptions.requireRoom(99, 100);
    CommandFailure full =
        assertThrows(CommandFailure.class, () -> PromptOptions.requireRoom(100, 100));
    assertEquals("context_full", full.code());
  }
}
