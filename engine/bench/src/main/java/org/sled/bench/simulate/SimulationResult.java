package org.sled.bench.simulate;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.sled.bench.report.Rounding;

/**
 * What a simulation found.
 *
 * @param trace file that drafts and texts are from
 * @param costTable file that step times are from
 * @param overheadMillis the server's time for a block beside queueing and computing, ms
 * @param seeds generations in each cell
 * @param warmup generations of each device before
 * @param cells links × draft rates × draft models
 */
public record SimulationResult(
    String trace,
    String costTable,
    double overheadMillis,
    int seeds,
    int warmup,
    List<SimulatedCell> cells) {
  /** {@code optimal} brings at least so much of the best fixed length. */
  public static final double LEAST_OF_BEST_FIXED = 0.95;

  /** {@code optimal} brings at least so much of the server alone. */
  public static final double LEAST_OF_CENTRAL = 0.98;

  /** Whether {@code optimal} is as good as it should be in every cell. */
  public boolean passes() {
    return cells.stream().allMatch(SimulationResult::passes);
  }

  private static boolean passes(SimulatedCell cell) {
    return cell.optimalToBestFixed() >= LEAST_OF_BEST_FIXED
        && cell.optimalToCentral() >= LEAST_OF_CENTRAL;
  }

  /** The result as lines of text, for people. */
  @JsonIgnore
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        "tokens/s behind the first token; best fixed: the best of all lengths and windows in"
            + " hindsight, single: with one block in flight; bound: every draft verified at once;"
            + " blocks: the best pipeline of blocks of one length");
    lines.add(
        String.format(
            "%-10s %5s %5s %5s |%8s %14s %8s %8s %8s %18s %8s %8s |%7s %7s %7s",
            "drafts",
            "a",
            "rtt",
            "rate",
            "central",
            "best fixed",
            "single",
            "fixed 4",
            "thresh.",
            "optimal",
            "bound",
            "blocks",
            "/best",
            "/centr.",
            "/blocks"));
    for (SimulatedCell cell : cells) {
      lines.add(line(cell));
    }
    lines.add(verdict());
    return lines;
  }

  private static String line(SimulatedCell cell) {
    PolicyRun best = cell.bestFixed();
    PolicyRun four = cell.fixed(4);
    double half =
        cell.optimal().tokensPerSecond().high() == null
            ? 0
            : cell.optimal().tokensPerSecond().high() - cell.optimal().mean();
    return String.format(
            Locale.ROOT,
            "%-10s %5.2f %5.0f %5.0f |%8.2f %8.2f %5s %8.2f %8s %8.2f %9.2f ± %6.2f %8.2f %8.2f"
                + " |%7s %7s %7s",
            cell.drafts(),
            cell.acceptance(),
            cell.rttMillis(),
            cell.draftRate(),
            cell.central().mean(),
            best.mean(),
            best.draftTokens() + "x" + best.window(),
            cell.bestSingle().mean(),
            Rounding.text("%.2f", four == null ? Double.NaN : four.mean()),
            cell.threshold().mean(),
            cell.optimal().mean(),
            half,
            cell.bound(),
            cell.blockBound(),
            Rounding.text("%.3f", cell.optimalToBestFixed()),
            Rounding.text("%.3f", cell.optimalToCentral()),
            Rounding.text("%.3f", cell.optimalToBlockBound()))
        + (passes(cell) ? "" : "  !");
  }

  private String verdict() {
    double least = Double.MAX_VALUE;
    double leastOfCentral = Double.MAX_VALUE;
    long failed = 0;
    for (SimulatedCell cell : cells) {
      least = Math.min(least, cell.optimalToBestFixed());
      leastOfCentral = Math.min(leastOfCentral, cell.optimalToCentral());
      failed += passes(cell) ? 0 : 1;
    }
    return String.format(
        Locale.ROOT,
        "optimal: %s in %d of %d cells; at least %.3f of the best fixed length (wanted: %.2f) and"
            + " %.3f of central (wanted: %.2f)",
        failed == 0 ? "passes" : "fails",
        failed == 0 ? cells.size() : failed,
        cells.size(),
        least,
        LEAST_OF_BEST_FIXED,
        leastOfCentral,
        LEAST_OF_CENTRAL);
  }
}
