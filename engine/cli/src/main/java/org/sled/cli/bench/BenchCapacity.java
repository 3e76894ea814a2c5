package org.sled.cli.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.HdrHistogram.Histogram;
import org.sled.bench.load.CapacitySearch;
import org.sled.bench.load.LoadPlan;
import org.sled.bench.load.Metric;
import org.sled.bench.report.CapacityResult;
import org.sled.bench.report.Rounding;
import org.sled.bench.report.RunOutcome;
import org.sled.cli.bench.options.BenchAnalysisOptions;
import org.sled.cli.command.CommandContext;

/** Looks for the largest number of devices that holds the objective. */
final class BenchCapacity {
  private static final double MICROS_PER_MILLI = 1e3;

  private final CommandContext context;
  private final BenchAnalysisOptions analysis;
  private final BenchRuns runs;
  private RunOutcome best;
  private RunOutcome last;

  BenchCapacity(CommandContext context, BenchAnalysisOptions analysis, BenchRuns runs) {
    this.context = context;
    this.analysis = analysis;
    this.runs = runs;
  }

  /** Searches with the load of a plan, whose device count is the most to try. */
  CapacityResult find(BenchServer server, LoadPlan plan, double rttMillis)
      throws InterruptedException, IOException {
    CapacitySearch search = new CapacitySearch(plan.devices());
    List<CapacityResult.Try> tried = new ArrayList<>();
    for (int devices = search.next(); devices != 0; devices = search.next()) {
      last = runs.run(server, plan.withDevices(devices), rttMillis, null, devices + " devices: ");
      Double tpot = tpotMillis(last);
      boolean held = tpot != null && tpot <= analysis.tpotMillis();
      context
          .err()
          .printf(
              Locale.ROOT,
              "%d devices: TPOT p%s %s ms, %s tokens/s: %s%n",
              devices,
              trimmed(analysis.percentile()),
              tpot == null ? "-" : String.format(Locale.ROOT, "%.1f", tpot),
              Rounding.text("%.1f", last.tokensPerSecond()),
              held ? "holds" : "does not hold");
      tried.add(new CapacityResult.Try(devices, tpot, last.tokensPerSecond(), held));
      search.tried(devices, held);
      best = held ? last : best;
    }
    return new CapacityResult(
        search.capacity(),
        search.isOpenEnded(),
        analysis.tpotMillis(),
        analysis.percentile(),
        tried);
  }

  private Double tpotMillis(RunOutcome run) {
    Histogram tpot = run.record().total(Metric.TPOT);
    // A failure is no fast answer.
    return tpot.getTotalCount() == 0 || run.meters().requestsFailed() > 0
        ? null
        : tpot.getValueAtPercentile(analysis.percentile()) / MICROS_PER_MILLI;
  }

  private static String trimmed(double percentile) {
    return percentile == Math.rint(percentile)
        ? String.valueOf((long) percentile)
        : String.valueOf(percentile);
  }

  /** The run with as many devices as the capacity; the last one where none held. */
  List<RunOutcome> outcomes() {
    return List.of(best == null ? last : best);
  }
}
