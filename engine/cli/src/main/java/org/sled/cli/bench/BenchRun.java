package org.sled.cli.bench;

import java.util.function.DoubleSupplier;
import org.sled.bench.load.BenchDevice;
import org.sled.bench.load.Fleet;
import org.sled.bench.load.Goodput;
import org.sled.bench.load.LoadPlan;
import org.sled.bench.load.LoadRunner;
import org.sled.bench.load.Workload;
import org.sled.bench.report.RunOutcome;
import org.sled.bench.report.RunRecord;
import org.sled.cli.bench.output.BenchProgress;
import org.sled.cli.command.CommandContext;

/**
 * One run, whoever serves: shown while it goes on, summed up when it is over.
 *
 * @param recorder null for none
 * @param label stands before lines of progress
 */
record BenchRun(
    CommandContext context,
    Workload workload,
    LoadPlan plan,
    Goodput goodput,
    LoadRunner.RequestRecorder recorder,
    String label) {

  /**
   * Runs to the end.
   *
   * @param fleet as many devices as the plan says, without traffic so far
   * @param cpuSeconds processor time that the server used so far, s; NaN if unknown
   */
  RunOutcome on(Fleet fleet, DoubleSupplier cpuSeconds) throws InterruptedException {
    double cpuBefore = cpuSeconds.getAsDouble();
    RunRecord record = new RunRecord();
    BenchProgress progress = new BenchProgress(context, plan, label, record);
    LoadRunner runner =
        new LoadRunner(workload, plan, goodput, fleet.devices(), recorder, progress);
    progress.watch(runner.meters());
    try {
      runner.run();
    } finally {
      progress.end();
    }
    return new RunOutcome(
        record,
        runner.meters(),
        fleet.devices().stream().mapToLong(BenchDevice::bytesUp).sum(),
        fleet.devices().stream().mapToLong(BenchDevice::bytesDown).sum(),
        cpuSeconds.getAsDouble() - cpuBefore,
        fleet.divergences());
  }
}
