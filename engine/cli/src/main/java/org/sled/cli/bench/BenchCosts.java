package org.sled.cli.bench;

import java.nio.file.Path;
import org.sled.bench.cost.CostMeasurement;
import org.sled.bench.cost.CostTable;
import org.sled.cli.command.CommandContext;
import org.sled.cli.output.Progress;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;

/** Measures what a step costs, with progress. */
final class BenchCosts {
  /** Blocks of 0, 1, 2, 3, 4, 6, 8 and 16 drafts. */
  private static final int[] ROWS = {1, 2, 3, 4, 5, 7, 9, 17};

  private BenchCosts() {}

  /**
   * Measures.
   *
   * @param contextTokens of each sequence
   */
  static CostTable measure(
      CommandContext context,
      Path target,
      ModelParams weights,
      EngineParams params,
      int mostSequences,
      int contextTokens)
      throws InterruptedException {
    context.err().println("measuring what a step of the target costs ...");
    ModelParams modelParams =
        params.numerics() == null ? weights : weights.forNumerics(params.numerics());
    Progress.Counter counter = new Progress.Counter("measuring what a step costs");
    Progress progress = Progress.of(context, counter);
    try (progress;
        Model model = Model.open(target, modelParams);
        CostMeasurement measurement =
            new CostMeasurement(model, target.toString(), params, mostSequences, contextTokens)) {
      CostTable table =
          measurement.measure(
              CostMeasurement.sequenceCounts(mostSequences),
              ROWS,
              (done, all) -> counter.at(done, all, "shapes"));
      table.lines().forEach(context.err()::println);
      return table;
    }
  }
}
