package org.sled.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sled.cli.CliRun;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.files.ModelFiles;

/** {@code sled models grow} with the demo target. */
final class GrowCommandTest {
  @TempDir Path directory;

  private CliRun grow(String... args) {
    String[] all =
        Stream.concat(Stream.of("models", "grow", "-t", "1"), Stream.of(args))
            .toArray(String[]::new);
    return CliRun.of(all);
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aGrownTargetSaysWhatTheSmallOneSays() throws IOException {
    String grown = directory.resolve("grown.gguf").toString();
    CliRun run =
        grow("-m", "demo:target", "--parameters", "12M", "--type", "bf16", grown).expect(0);
    assertTrue(run.out().startsWith(grown + "\n"), run::out);
    assertTrue(run.out().contains("llama, BF16"), run::out);
    assertTrue(run.out().contains("grown from 6,033,664"), run::out);
    assertTrue(run.err().contains("tokens are the same"), run::err);
    assertEquals(List.of("grown.gguf"), files());

    String same = directory.resolve("same.gguf").toString();
    CliRun converted = grow("-m", "demo:target", "--type", "bf16", same).expect(0);
    assertTrue(converted.out().contains("BF16"), converted::out);
    String[] generate = {"generate", "--local", "-t", "1", "-n", "30", "-p", "Hello", "-m"};
    String text = CliRun.of(with(generate, same)).expect(0).out();
    assertEquals(text, CliRun.of(with(generate, grown)).expect(0).out());

    CliRun pair = CliRun.of("models", grown, "demo:draft").expect(0);
    assertTrue(pair.out().contains("shares the vocabulary"), pair::out);
    assertTrue(
        grow("-m", "demo:target", "--type", "q8_0", same).expect(1).err().contains("--force"));
    grow("-m", same, "--parameters", "9M", "--no-check", "--force", same).expect(0);
    assertEquals(List.of("grown.gguf", "same.gguf"), files());
  }

  @Test
  void aWidenedTargetSaysWhatTheSmallOneSays() throws IOException {
    String grown = directory.resolve("wide.gguf").toString();
    CliRun run =
        grow("-m", "demo:target", "--parameters", "30M", "--width", "1024", grown).expect(0);
    assertTrue(run.out().contains("1,024, grown from 256"), run::out);
    assertTrue(run.err().contains("1,024 columns (from 256)"), run::err);
    assertTrue(run.err().contains("tokens are the same"), run::err);
    String[] generate = {"generate", "--local", "-t", "1", "-n", "30", "-p", "Hello", "-m"};
    String text = CliRun.of(with(generate, "demo:target")).expect(0).out();
    assertEquals(text, CliRun.of(with(generate, grown)).expect(0).out());
  }

  @Test
  void widthsThatCannotBeAreRefused() throws IOException {
    String out = directory.resolve("out.gguf").toString();
    CliRun odd = grow("-m", "demo:target", "--parameters", "90M", "--width", "512", out);
    assertTrue(odd.expect(ExitCodes.USAGE).err().contains("256, 1024, 4096"), odd::err);
    CliRun few = grow("-m", "demo:target", "--parameters", "9M", "--width", "1024", out);
    assertTrue(few.expect(ExitCodes.USAGE).err().contains("at least 24134656"), few::err);
    CliRun alone = grow("-m", "demo:target", "--width", "1024", out).expect(ExitCodes.USAGE);
    assertTrue(alone.err().contains("--width needs --parameters"), alone::err);
    grow("-m", "demo:target", "--parameters", "9M", "--width", "wide", out).expect(ExitCodes.USAGE);
    assertTrue(files().isEmpty());
  }

  private static String[] with(String[] args, String last) {
    return Stream.concat(Stream.of(args), Stream.of(last)).toArray(String[]::new);
  }

  @Test
  void refusalsLeaveNothingBehind() throws IOException {
    String out = directory.resolve("out.gguf").toString();
    CliRun fewer = grow("-m", "demo:target", "--parameters", "1M", out);
    assertTrue(fewer.expect(ExitCodes.USAGE).err().contains("6033664"), fewer::err);
    CliRun type = grow("-m", "demo:target", "--type", "bf17", out).expect(ExitCodes.USAGE);
    assertTrue(type.err().contains("q4_k_m"), type::err);
    CliRun much = grow("-m", "demo:target", "--parameters", "900B", out).expect(1);
    assertTrue(much.err().contains("can grow to"), much::err);
    CliRun place = grow("-m", "demo:target", "--type", "f16", directory + "/no/out.gguf");
    assertTrue(place.expect(1).err().contains("cannot write to"), place::err);
    CliRun noFile = grow("-m", "demo:target", "--type", "f16", directory.toString()).expect(1);
    assertTrue(noFile.err().contains("is a directory"), noFile::err);
    assertTrue(files().isEmpty());
  }

  @Test
  void modelsThatDifferAreNotTheSame() {
    ModelFiles models = new ModelFiles(CliRun.HOME);
    SameTokens tokens = new SameTokens(1, () -> false);
    Path target = models.find(ModelFiles.DEMO_TARGET);
    assertTrue(
        tokens.difference(target, models.find(ModelFiles.DEMO_DRAFT)).contains("differ at token"));
    SameTokens cancelled = new SameTokens(1, () -> true);
    assertEquals(null, cancelled.difference(target, target));
    assertEquals(0, cancelled.compared());
  }

  @ParameterizedTest
  @CsvSource({
    "400M,400000000",
    "1.5B,1500000000",
    "7b,7000000000",
    "12k,12000",
    "0,0",
    "6033664,6033664"
  })
  void countsAreReadAsPeopleWriteThem(String text, long count) {
    assertEquals(count, new ParameterCount().convert(text));
  }

  @Test
  void helpHasExamples() {
    CliRun help = CliRun.of("models", "grow", "--help").expect(0);
    assertTrue(help.out().contains("--parameters 400M --type bf16"), help::out);
    assertTrue(help.out().contains(" 2 %") && !help.out().contains("%%"), help::out);
    assertEquals("", help.err());
  }
}
