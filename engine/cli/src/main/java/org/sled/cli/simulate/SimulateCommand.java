package org.sled.cli.simulate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.sled.bench.cost.CostTable;
import org.sled.bench.report.ReportFiles;
import org.sled.bench.simulate.SimulatedCell;
import org.sled.bench.simulate.Simulation;
import org.sled.bench.simulate.SimulationResult;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Version;
import org.sled.cli.files.TraceInput;
import org.sled.cli.options.IntegerWithin;
import org.sled.cli.options.LogOptions;
import org.sled.cli.output.Progress;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code sled simulate}: draft policies in virtual time. */
@Command(
    name = "simulate",
    versionProvider = Version.class,
    sortOptions = false,
    description = {
      "Compares ways to draft, in virtual time: the server alone (central), blocks of fixed"
          + " lengths, and the policies of --draft-policy, for each round trip time, draft rate and"
          + " draft model.",
      "One device and one server; both decide as real ones do, drafts and texts come from a trace,"
          + " steps take what a cost table says. The same input gives the same numbers."
    },
    footer = {
      "",
      "Examples:",
      "  sled bench --target target.gguf --model draft.gguf --record trace.gz --concurrency 1",
      "  sled bench --target target.gguf --mode central --concurrency 1 --cost-table costs.json",
      "  sled simulate --trace trace.gz --cost-table costs.json",
      "  sled simulate --trace trace.gz --cost-table costs.json --rtt 100 --draft-rates 100 --json",
    })
public final class SimulateCommand implements Callable<Integer> {
  private static final String RECORDED = "recorded";

  private final CommandContext context;

  @Option(
      names = "--trace",
      paramLabel = "TRACE",
      required = true,
      description = "What the draft model proposes, and the target says: of sled bench --record.")
  private Path trace;

  @Option(
      names = "--cost-table",
      paramLabel = "FILE",
      required = true,
      description = "What a step costs: of sled bench --cost-table.")
  private Path costTable;

  @Option(
      names = "--rtt",
      paramLabel = "MS",
      split = ",",
      defaultValue = "0,10,50,100,200",
      description = "Round trip times of the link. Default: ${DEFAULT-VALUE}.")
  private List<Double> rttMillis;

  @Option(
      names = "--draft-rates",
      paramLabel = "N",
      split = ",",
      defaultValue = "20,50,100,200,500",
      description = "Tokens that the device drafts per second. Default: ${DEFAULT-VALUE}.")
  private List<Double> draftRates;

  @Option(
      names = "--acceptance",
      paramLabel = "A",
      split = ",",
      defaultValue = "recorded,0.5,0.1",
      description =
          "Draft models, by the chance that a draft is right if all before it are: recorded, or a"
              + " lower one, for which right drafts are made wrong by a seeded rule. Default:"
              + " ${DEFAULT-VALUE}.")
  private List<String> acceptances;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "16",
      converter = IntegerWithin.Seeds.class,
      description =
          "Generations in each cell that count, each by another device. Default:"
              + " ${DEFAULT-VALUE}.")
  private int seeds;

  @Option(
      names = "--warmup",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Generations of each device before the one that counts: a client keeps what it has learnt"
              + " of link, server and drafts. 0: it knows nothing yet. Default: ${DEFAULT-VALUE}.")
  private int warmup;

  @Option(
      names = "--strict",
      description =
          "Exit with 1 unless 'optimal' is within 5 %% of the best fixed length and within 2 %% of"
              + " central in every cell.")
  private boolean strict;

  @Option(
      names = "--server-overhead",
      paramLabel = "MS",
      defaultValue = "0.1",
      description =
          "The server's time for a block beside queueing and computing. Default: ${DEFAULT-VALUE}.")
  private double overheadMillis;

  @Option(
      names = "--json",
      description = "Print the result as JSON on stdout, with all fixed lengths and seeds.")
  private boolean json;

  @Mixin private LogOptions log;

  public SimulateCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    log.apply();
    check(rttMillis.stream().allMatch(rtt -> rtt >= 0 && rtt <= 60_000), "--rtt is 0 to 60000 ms");
    check(
        draftRates.stream().allMatch(rate -> rate >= 0.01 && rate <= 1e6),
        "--draft-rates are 0.01 to 1000000 tokens per second");
    check(warmup >= 0 && warmup <= 1000, "--warmup is 0 to 1000");
    check(overheadMillis >= 0 && overheadMillis <= 60_000, "--server-overhead is 0 to 60000 ms");
    Simulation simulation =
        new Simulation(TraceInput.read(trace), costs(), overheadMillis, seeds, warmup);
    List<SimulatedCell> cells = new ArrayList<>();
    int all = acceptances.size() * rttMillis.size() * draftRates.size();
    Progress.Counter counter = new Progress.Counter("simulating");
    Progress progress = Progress.of(context, counter);
    try (progress) {
      for (String drafts : acceptances) {
        double acceptance = acceptance(drafts, simulation.recordedAcceptance());
        for (double rtt : rttMillis) {
          for (double rate : draftRates) {
            cells.add(simulation.cell(rtt, rate, drafts, acceptance));
            counter.at(cells.size(), all, "cells");
          }
        }
      }
    }
    SimulationResult result =
        new SimulationResult(
            trace.toString(),
            costTable.toString(),
            overheadMillis,
            seeds,
            warmup,
            List.copyOf(cells));
    if (json) {
      context.out().print(ReportFiles.json(result));
    } else {
      result.lines().forEach(context.out()::println);
    }
    context.out().flush();
    return strict && !result.passes() ? ExitCodes.FAILED : ExitCodes.DONE;
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new CommandFailure(ExitCodes.USAGE, what);
    }
  }

  private CostTable costs() {
    try {
      return ReportFiles.read(costTable, CostTable.class);
    } catch (IOException | IllegalArgumentException e) {
      throw new CommandFailure(costTable + " is no cost table: " + e.getMessage());
    }
  }

  private static double acceptance(String drafts, double recorded) {
    if (drafts.equals(RECORDED)) {
      return recorded;
    }
    double wanted;
    try {
      wanted = Double.parseDouble(drafts);
    } catch (NumberFormatException e) {
      wanted = Double.NaN;
    }
    check(
        wanted >= 0 && wanted <= recorded,
        String.format(
            java.util.Locale.ROOT,
            "--acceptance %s is neither 'recorded' nor within 0 to %.3f, which was recorded",
            drafts,
            recorded));
    return wanted;
  }
}
