package org.sled.bench.load;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.sled.bench.report.RunOutcome;
import org.sled.bench.report.RunRecord;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/** Small runs for tests of what comes after them. */
public final class BenchRuns {
  private BenchRuns() {}

  /** A run of 12 requests over so many fake devices. */
  public static RunOutcome ofFakeDevices(int devices) throws InterruptedException {
    return run(devices, () -> {});
  }

  /** A run of which nothing came. */
  public static RunOutcome thatFailed() throws InterruptedException {
    return run(
        16,
        () -> {
          throw new BenchDeviceException("no power", null);
        });
  }

  private static RunOutcome run(int count, FakeDevice.Fault fault) throws InterruptedException {
    List<FakeDevice> devices = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      devices.add(new FakeDevice(3, 1, fault));
    }
    RunRecord record = new RunRecord();
    LoadRunner runner =
        new LoadRunner(
            new Workload(
                List.of(new BenchRequest(0, 0, TokenIds.of(1), 3, false, Sampling.GREEDY))),
            new LoadPlan(count, 0, 1, 12, Duration.ZERO, Duration.ZERO, Duration.ofSeconds(10), 1),
            Goodput.parse("ttft:1000"),
            devices,
            null,
            record);
    try {
      runner.run();
    } catch (BenchDeviceException e) {
      // The record of a run that failed is a record too.
    }
    return new RunOutcome(record, runner.meters(), 100, 200, Double.NaN, 0);
  }
}
