package org.sled.cli.fit;

import java.nio.file.Path;
import java.util.List;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.files.TrustOption;
import org.sled.cli.options.IntegerWithin;
import org.sled.cli.options.NumericsWish;
import org.sled.jni.EngineParams;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What is measured by {@code sled fit}, and what is asked of it. */
final class FitOptions {
  private static final int MOST_CELLS = 2_000;

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      converter = IntegerWithin.CountOrAuto.class,
      defaultValue = "1",
      description = "Threads of the draft model, 0 for all cores. Default: ${DEFAULT-VALUE}.")
  private int threads;

  @Option(
      names = "--target-threads",
      paramLabel = "N",
      converter = IntegerWithin.CountOrAuto.class,
      defaultValue = "0",
      description = "Threads of the target here, 0 for all cores. Default: ${DEFAULT-VALUE}.")
  private int targetThreads;

  @Option(
      names = "--numerics",
      paramLabel = "auto|exact|fast",
      defaultValue = "AUTO",
      description = "Of the target here, as for sled serve. Default: exact where possible.")
  private NumericsWish numerics;

  @Option(
      names = "--prompts",
      paramLabel = "FILE",
      description =
          "Prompts of your own, as for sled bench: a text file with one per line, or .jsonl with"
              + " {\"prompt\": …}, {\"messages\": […]} or {\"tokens\": […]}, and a \"kind\" of"
              + " text if you like. Default: prompts of eight kinds that come with the program.")
  private Path prompts;

  @Option(
      names = "--raw",
      description = "Send texts as they are, without the target's chat template.")
  private boolean raw;

  @Option(
      names = {"-n", "--max-tokens"},
      paramLabel = "N",
      converter = IntegerWithin.Count.class,
      defaultValue = "48",
      description = "New tokens of a text at most. Default: ${DEFAULT-VALUE}.")
  private int maxTokens;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      converter = IntegerWithin.Count.class,
      defaultValue = "120",
      description =
          "How long all of it may take; what there is no time for is left out, and named. Loading"
              + " the models counts, but cannot be cut. Default: ${DEFAULT-VALUE}.")
  private int seconds;

  @Option(
      names = "--rtt",
      paramLabel = "MS",
      split = ",",
      defaultValue = "0,20,40,80,160",
      description = "Round trip times to expect. Default: ${DEFAULT-VALUE}.")
  private List<Double> rttMillis;

  @Option(
      names = "--draft-rates",
      paramLabel = "N",
      split = ",",
      defaultValue = "10,28,60",
      description =
          "Tokens per second that other devices draft, beside this one's own rate. Default:"
              + " ${DEFAULT-VALUE}.")
  private List<Double> draftRates;

  @Option(
      names = "--sessions",
      paramLabel = "N",
      split = ",",
      defaultValue = "1,4,16",
      converter = IntegerWithin.DemoDevices.class,
      description = "Sessions at a time. Default: ${DEFAULT-VALUE}.")
  private List<Integer> sessions;

  @Option(
      names = "--record",
      paramLabel = "TRACE",
      description = "Write what was recorded, for sled bench --replay and sled simulate.")
  private Path record;

  @Option(
      names = "--cost-table",
      paramLabel = "FILE",
      description = "Write what a step of the target takes, for sled simulate.")
  private Path costTable;

  @Mixin private TrustOption trust;

  /**
   * Refuses what makes no sense.
   *
   * @throws CommandFailure that names the option
   */
  void check() {
    require(
        rttMillis.stream().allMatch(rtt -> rtt >= 0 && rtt <= 60_000), "--rtt is 0 to 60000 ms");
    require(maxTokens >= 2, "--max-tokens is 2 or more: the first token comes with the prompt");
    require(
        draftRates.stream().allMatch(rate -> rate >= 0.01 && rate <= 1e6),
        "--draft-rates are 0.01 to 1000000 tokens per second");
    long cells = (long) rttMillis.size() * (draftRates.size() + 1) * sessions.size();
    require(
        cells <= MOST_CELLS,
        "--rtt, --draft-rates and --sessions make "
            + cells
            + " cells, and "
            + MOST_CELLS
            + " are the most: give fewer");
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new CommandFailure(ExitCodes.USAGE, what);
    }
  }

  int threads() {
    return threads;
  }

  /** How the target computes here. */
  EngineParams engineParams() {
    return EngineParams.DEFAULT.withThreads(targetThreads).withNumerics(numerics.numerics());
  }

  Path prompts() {
    return prompts;
  }

  boolean raw() {
    return raw;
  }

  int maxTokens() {
    return maxTokens;
  }

  int seconds() {
    return seconds;
  }

  List<Double> rttMillis() {
    return rttMillis.stream().distinct().sorted().toList();
  }

  List<Double> draftRates() {
    return draftRates.stream().distinct().sorted().toList();
  }

  List<Integer> sessions() {
    return sessions.stream().distinct().sorted().toList();
  }

  Path record() {
    return record;
  }

  Path costTable() {
    return costTable;
  }

  TrustOption trust() {
    return trust;
  }
}
