package org.sled.cli.bench.output;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.sled.bench.load.LoadPlan;
import org.sled.bench.report.BenchResult;
import org.sled.bench.report.PeerComparison;
import org.sled.bench.report.ReportFiles;
import org.sled.bench.report.RunOutcome;
import org.sled.cli.command.CommandContext;
import picocli.CommandLine.Option;

/** Where a result goes: to files, and to the terminal or another program. */
public final class BenchOutput {
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
  public void write(
      CommandContext context, BenchResult result, LoadPlan plan, List<RunOutcome> outcomes)
      throws IOException {
    if (report != null) {
      ReportFiles.write(report, result, outcomes);
      context.err().println("report: " + report.resolve(ReportFiles.PAGE));
    }
    if (json) {
      context.out().print(ReportFiles.json(result));
    } else {
      new BenchSummary(context.out()).print(result, plan);
    }
    context.out().flush();
  }

  /** Prints and writes a comparison. */
  public void write(CommandContext context, PeerComparison comparison) throws IOException {
    comparison.lines().forEach(context.out()::println);
    context.out().flush();
    if (report != null) {
      ReportFiles.write(report, comparison);
      context.err().println("report: " + report.resolve(ReportFiles.COMPARISON));
    }
  }
}
