package org.sled.cli.options;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sled.cli.UsageTest;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenBias;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** What options mean; what they must not be stands in {@link UsageTest}. */
final class SamplingOptionsTest {
  @Command
  private static final class Holder {
    @Mixin private SamplingOptions sampling;
    @Mixin private StopOptions stop;
  }

  private static Holder parse(String... args) {
    Holder holder = new Holder();
    new CommandLine(holder).parseArgs(args);
    return holder;
  }

  private static Sampling sampling(String... args) {
    return parse(args).sampling.sampling();
  }

  @Test
  void withoutOptionsTheMostLikelyTokenIsTaken() {
    assertEquals(Sampling.GREEDY.withPenalties(1f, 0f, 0f, 64), sampling());
  }

  @Test
  void everyOptionGoesToItsValue() {
    Sampling expected =
        new Sampling(
            0.9f,
            40,
            0.95f,
            0.05f,
            1.1f,
            -0.5f,
            0.25f,
            -1,
            7L,
            List.of(new TokenBias(50_256, -100f), new TokenBias(12, 2.5f), new TokenBias(12, 1f)));
    assertEquals(
        expected,
        sampling(
            "--temperature",
            "0.9",
            "--top-k=40",
            "--top-p",
            "0.95",
            "--min-p",
            "0.05",
            "--repeat-penalty",
            "1.1",
            "--presence-penalty",
            "-0.5",
            "--frequency-penalty",
            "0.25",
            "--penalty-last-n",
            "-1",
            "--seed",
            "7",
            "--logit-bias",
            "50256=-100",
            "--logit-bias",
            "12=2.5,12=1"));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "9223372036854775807, 9223372036854775807",
    "18446744073709551615, -1",
    "-2, -2",
    "-9223372036854775808, -9223372036854775808",
    "9223372036854775808, -9223372036854775808"
  })
  void seedsHave64BitsWithOrWithoutSign(String written, long seed) {
    Sampling warm = sampling("--temperature", "1", "--seed", written);
    assertEquals(seed, warm.seed());
    assertEquals(Long.toUnsignedString(seed), SamplingReport.of(warm).seed());
  }

  @Test
  void aMissingSeedIsDrawnWhereItMatters() {
    assertNotEquals(sampling("--temperature", "1").seed(), sampling("--temperature", "1").seed());
    assertEquals(0, sampling().seed());
    assertEquals(7, sampling("--seed", "7").seed());
    assertEquals(null, SamplingReport.of(sampling("--seed", "7")).seed());
  }

  @Test
  void minusOneIsADrawnSeedThatIsReported() {
    Sampling first = sampling("--temp", "1", "--seed", "-1");
    assertNotEquals(first.seed(), sampling("--temp", "1", "--seed", "-1").seed());
    assertNotEquals(-1, first.seed());
    String reported = SamplingReport.of(first).seed();
    assertEquals(first.seed(), sampling("--temp", "1", "--seed", reported).seed());
  }

  @Test
  void stopsAreUnescaped() {
    List<String> expected = List.of("\n\n", "a\tb", "\\n", "plain, with comma", "\uD83E\uDD8A");
    assertEquals(
        expected,
        parse(
                "--stop",
                "\\n\\n",
                "--stop",
                "a\\tb",
                "--stop",
                "\\\\n",
                "--stop",
                "plain, with comma",
                "--stop",
                "\uD83E\uDD8A")
            .stop
            .strings());
    assertEquals(Collections.emptyList(), parse().stop.strings());
  }
}
