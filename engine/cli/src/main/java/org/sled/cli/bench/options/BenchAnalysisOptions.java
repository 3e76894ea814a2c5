package org.sled.cli.bench.options;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.sled.bench.cost.CostTable;
import org.sled.bench.report.ReportFiles;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import picocli.CommandLine.Option;

/** What is to be found out beside the measurement itself. */
public final class BenchAnalysisOptions {
  @Option(
      names = "--find-capacity",
      description =
          "Find the largest number of devices that holds --tpot-slo, up to --concurrency.")
  private boolean findCapacity;

  @Option(
      names = "--tpot-slo",
      paramLabel = "MS",
      description = "Objective for the capacity: time per output token at most.")
  private Double tpotMillis;

  @Option(
      names = "--slo-percentile",
      paramLabel = "P",
      defaultValue = "95",
      description = "Percentage of the requests that must hold it. Default: ${DEFAULT-VALUE}.")
  private double percentile;

  @Option(
      names = "--cost-table",
      paramLabel = "FILE",
      description =
          "Say what share of the best possible rate was reached, from a table of what a step"
              + " costs; it is measured first, and written there, if there is no such file.")
  private Path costTable;

  /** Measures a cost table. */
  public interface Measurement {
    CostTable measure() throws InterruptedException;
  }

  public void check(boolean openLoop, int repetitions) {
    if (!findCapacity) {
      return;
    }
    if (tpotMillis == null || !(tpotMillis > 0) || !(percentile > 0 && percentile <= 100)) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "--find-capacity needs an objective, such as --tpot-slo 100; --slo-percentile is above 0"
              + " and at most 100");
    }
    if (openLoop || repetitions > 1) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "--find-capacity counts the devices of a closed loop, once: leave --request-rate and"
              + " --repetitions out");
    }
  }

  public boolean findsCapacity() {
    return findCapacity;
  }

  /** The objective, ms; null if there is none. */
  public Double tpotMillis() {
    return tpotMillis;
  }

  public double percentile() {
    return percentile;
  }

  /** The cost table, read or measured and written; null if none is wanted. */
  public CostTable costTable(Measurement measurement) throws IOException, InterruptedException {
    if (costTable == null) {
      return null;
    }
    if (Files.exists(costTable)) {
      try {
        return ReportFiles.read(costTable, CostTable.class);
      } catch (IOException | IllegalArgumentException e) {
        throw new CommandFailure(costTable + " is no cost table: " + e.getMessage());
      }
    }
    CostTable measured = measurement.measure();
    Path directory = costTable.toAbsolutePath().getParent();
    Files.createDirectories(directory);
    Files.writeString(costTable, ReportFiles.json(measured), StandardCharsets.UTF_8);
    return measured;
  }
}
