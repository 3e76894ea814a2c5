package org.sled.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.sled.bench.load.LoadPlan;
import org.sled.bench.report.BenchResult;
import org.sled.bench.report.PeerComparison;
import org.sled.bench.report.ReportFiles;
import org.sled.bench.report.RunOutcome;
import picocli.CommandLine.Option;

/** Where a result goes: to files, and to the terminal or another program. */
final class BenchOutput {
  @Option(
      names = "--report",
      paramLabel = "DIR",
      description =
          "Write result.json, report.html, latencies.hlog and a .hgrm file per metric there.")
  private Path report;

  @Option(
      names = "--json",
      description = "Print the result as JSON on stdout, and nothing else there.")
  private boolean json;

  /** Writes and prints what was measured. */
  void write(
      Surroundings surroundings, BenchResult result, LoadPlan plan, List<RunOutcome> outcomes)
      throws IOException {
    if (report != null) {
      ReportFiles.write(report, result, outcomes);
      surroundings.err().println("report: " + report.resolve(ReportFiles.PAGE));
    }
    if (json) {
      surroundings.out().print(ReportFiles.json(result));
    } else {
      new BenchSummary(surroundings.out()).print(result, plan);
    }
    surroundings.out().flush();
  }

  /** Prints and writes a comparison. */
  void write(Surroundings surroundings, PeerComparison comparison) throws IOException {
    comparison.lines().forEach(surroundings.out()::println);
    surroundings.out().flush();
    if (report != null) {
      ReportFiles.write(report, comparison);
      surroundings.err().println("report: " + report.resolve(ReportFiles.COMPARISON));
    }
  }
}
