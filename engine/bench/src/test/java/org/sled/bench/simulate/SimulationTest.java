package org.sled.bench.simulate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sled.bench.cost.CostTable;
import org.sled.bench.report.ReportFiles;
import org.sled.bench.trace.DraftTrace;
import org.sled.bench.trace.MadeTraces;
import org.sled.bench.trace.TraceFile;

/** Draft policies against what they should bring, with drafts and step times that are made up. */
final class SimulationTest {
  private static final int SEEDS = 4;

  /** As the demo target's of 100 million parameters on two cores. */
  private static final CostTable COSTS =
      new CostTable(
          "made",
          "1 threads",
          "exact",
          1,
          2,
          128,
          new int[] {1, 2},
          new int[] {1, 2, 5, 17},
          new double[][] {{15.5, 15.5, 18.9, 30}, {15.5, 17, 24, 48}});

  private static Simulation simulation() {
    return new Simulation(MadeTraces.of(0.85, SEEDS, 300, 7), COSTS, 0.1, SEEDS, 1);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 500, 0.85", "0, 100, 0.85", "0, 20, 0.85", "10, 200, 0.85", "10, 500, 0.85",
    "100, 200, 0.85", "200, 50, 0.85", "0, 500, 0.5", "0, 200, 0.5", "50, 100, 0.5",
    "0, 500, 0.1", "10, 100, 0.1", "200, 20, 0.1"
  })
  void optimalIsCloseToTheBestLengthAndNeverFarBelowTheServerAlone(
      double rttMillis, double draftRate, double acceptance) {
    Simulation simulation = simulation();
    double wanted = Math.min(acceptance, simulation.recordedAcceptance());
    requireGood(simulation.cell(rttMillis, draftRate, "made", wanted));
  }

  /**
   * Texts of 48 tokens behind prompts that take the device half a second and more: what it learns
   * at a text's beginning decides about all of it.
   */
  @ParameterizedTest
  @CsvSource({
    "0, 60, recorded",
    "0, 200, recorded",
    "50, 200, recorded",
    "200, 200, recorded",
    "0, 28, 0.5",
    "50, 28, 0.5",
    "0, 28, 0.1",
    "50, 28, 0.1",
    "200, 28, 0.1"
  })
  void alsoInShortTextsOfARealPair(double rttMillis, double draftRate, String drafts)
      throws IOException {
    DraftTrace trace =
        TraceFile.read(
            Path.of("../../benchmarks/traces/qwen2.5-coder-1.5b-0.5b-humaneval.trace.gz"));
    CostTable costs =
        ReportFiles.read(Path.of("../../benchmarks/costs-45ms.json"), CostTable.class);
    Simulation simulation = new Simulation(trace, costs, 0.1, 8, 1);
    double acceptance =
        drafts.equals("recorded") ? simulation.recordedAcceptance() : Double.parseDouble(drafts);
    requireGood(simulation.cell(rttMillis, draftRate, drafts, acceptance));
  }

  private static void requireGood(SimulatedCell cell) {
    assertTrue(
        cell.optimalToBestFixed() >= SimulationResult.LEAST_OF_BEST_FIXED,
        () -> cell.optimal().mean() + " of " + cell.bestFixed().mean() + " tokens/s");
    assertTrue(
        cell.optimalToCentral() >= SimulationResult.LEAST_OF_CENTRAL,
        () -> cell.optimal().mean() + ", central " + cell.central().mean() + " tokens/s");
  }

  @Test
  void theSameInputGivesTheSameNumbers() {
    assertEquals(simulation().cell(10, 100, "made", 0.6), simulation().cell(10, 100, "made", 0.6));
  }
}
