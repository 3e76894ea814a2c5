package org.sled.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.bench.report.RunRecord;
import org.sled.device.GenerationListener;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

@Timeout(60)
final class LoadRunnerTest {
  private static final Workload WORKLOAD =
      new Workload(List.of(new BenchRequest(0, 0, TokenIds.of(1, 2), 8, false, Sampling.GREEDY)));

  private static LoadPlan closed(int devices, int requests, long millis) {
    return new LoadPlan(
        devices,
        0,
        1,
        requests,
        Duration.ofMillis(millis),
        Duration.ZERO,
        Duration.ofSeconds(10),
        1);
  }

  private static List<FakeDevice> devices(int count, FakeDevice.Fault fault) {
    List<FakeDevice> devices = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      devices.add(new FakeDevice(4, 2, fault));
    }
    return devices;
  }

  @Test
  void aNumberOfRequestsEndsAClosedLoop() throws Exception {
    List<FakeDevice> devices = devices(3, () -> {});
    RunRecord record = new RunRecord();
    LoadRunner runner =
        new LoadRunner(WORKLOAD, closed(3, 25, 0), Goodput.ANY, devices, null, record);
    runner.run();
    assertEquals(25, runner.meters().requestsDone());
    assertEquals(25, devices.stream().mapToInt(device -> device.finished.get()).sum());
    assertEquals(100, runner.meters().windowTokens());
    assertEquals(25, record.total(Metric.TTFT).getTotalCount());
    assertEquals(25, record.total(Metric.TPOT).getTotalCount());
    assertEquals(75, record.total(Metric.ITL).getTotalCount());
    assertTrue(record.total(Metric.E2E).getMinValue() >= 8_000, "4 tokens, 2 ms each");
  }

  @Test
  void aDurationEndsAClosedLoopAndWhatHasBegunIsFinished() throws Exception {
    List<FakeDevice> devices = devices(2, () -> {});
    LoadRunner runner =
        new LoadRunner(
            WORKLOAD, closed(2, 0, 300), Goodput.parse("tpot:1"), devices, null, new RunRecord());
    runner.run();
    assertTrue(runner.meters().requestsDone() > 2);
    assertEquals(0, runner.meters().requestsCut());
    assertEquals(0, runner.meters().requestsGood(), "2 ms per token is no goodput below 1 ms");
    assertEquals(0.3, runner.meters().window().seconds(), 0.1);
  }

  @Test
  void requestsThatTakeLongerThanTheRunAreMeasuredTooOncePerDevice() throws Exception {
    List<FakeDevice> devices =
        List.of(new FakeDevice(10, 20, () -> {}), new FakeDevice(10, 20, () -> {}));
    LoadPlan plan =
        new LoadPlan(
            2, 0, 1, 0, Duration.ofMillis(20), Duration.ofMillis(20), Duration.ofSeconds(10), 1);
    RunRecord record = new RunRecord();
    LoadRunner runner = new LoadRunner(WORKLOAD, plan, Goodput.ANY, devices, null, record);
    runner.run();
    assertEquals(2, runner.meters().requestsDone(), "the second of each");
    assertEquals(2, record.total(Metric.TPOT).getTotalCount());
    assertTrue(runner.meters().window().seconds() < 1);
  }

  @Test
  void warmUpDoesNotCount() throws Exception {
    AtomicInteger starts = new AtomicInteger();
    List<FakeDevice> devices = devices(1, starts::incrementAndGet);
    LoadPlan plan =
        new LoadPlan(1, 0, 1, 5, Duration.ZERO, Duration.ofMillis(200), Duration.ofSeconds(10), 1);
    RunRecord record = new RunRecord();
    LoadRunner runner = new LoadRunner(WORKLOAD, plan, Goodput.ANY, devices, null, record);
    runner.run();
    assertEquals(5, runner.meters().requestsDone());
    assertTrue(starts.get() > 5, "there was load before");
    assertEquals(5, record.total(Metric.TTFT).getTotalCount());
  }

  /**
   * A server that stands still for a second: every request that should have started meanwhile has
   * the rest of that second in its latency, although none was sent.
   */
  @Test
  void aStallShowsInEveryRequestThatShouldHaveBeenSentMeanwhile() throws Exception {
    AtomicBoolean stalled = new AtomicBoolean();
    FakeDevice.Fault once =
        () -> {
          if (stalled.compareAndSet(false, true)) {
            TimeUnit.MILLISECONDS.sleep(1000);
          }
        };
    // One device, so that the stall holds everything up; 8 ms a request, so that it catches up.
    LoadPlan plan =
        new LoadPlan(1, 50, 100, 80, Duration.ZERO, Duration.ZERO, Duration.ofSeconds(20), 3);
    RunRecord record = new RunRecord();
    LoadRunner runner = new LoadRunner(WORKLOAD, plan, Goodput.ANY, devices(1, once), null, record);
    runner.run();
    assertEquals(80, runner.meters().requestsDone());
    Histogram ttft = record.total(Metric.TTFT);
    // 50 per second: of the second that was lost some 50 requests carry a part, evenly spread; the
    // queue behind them a little more.
    assertTrue(above(ttft, 250_000) >= 30, "requests over 250 ms: " + above(ttft, 250_000));
    assertTrue(above(ttft, 500_000) >= 20, "requests over 500 ms: " + above(ttft, 500_000));
    assertTrue(above(ttft, 750_000) >= 8, "requests over 750 ms: " + above(ttft, 750_000));
    assertTrue(ttft.getMaxValue() >= 1_000_000);
  }

  private static long above(Histogram micros, long value) {
    return micros.getCountBetweenValues(value, micros.getMaxValue());
  }

  @Test
  void failuresAreCountedAndToldAndDoNotEndTheRun() throws Exception {
    AtomicInteger number = new AtomicInteger();
    FakeDevice.Fault third =
        () -> {
          if (number.incrementAndGet() == 3) {
            throw new BenchDeviceException("no power", null);
          }
        };
    LoadRunner runner =
        new LoadRunner(
            WORKLOAD, closed(1, 6, 0), Goodput.ANY, devices(1, third), null, new RunRecord());
    runner.run();
    assertEquals(5, runner.meters().requestsDone());
    assertEquals(1, runner.meters().requestsFailed());
    assertEquals("no power", runner.meters().firstFailure());
  }

  @Test
  void nothingButFailuresEndsTheRun() {
    FakeDevice.Fault always =
        () -> {
          throw new BenchDeviceException("unplugged", null);
        };
    LoadRunner runner =
        new LoadRunner(
            WORKLOAD, closed(8, 0, 60_000), Goodput.ANY, devices(8, always), null, new RunRecord());
    BenchDeviceException failure = assertThrows(BenchDeviceException.class, runner::run);
    assertTrue(failure.getMessage().contains("unplugged"), failure.getMessage());
  }

  /** A full server is what was asked for with more devices than it has sessions. */
  @Test
  void refusalsAreCountedByKindAndDoNotEndTheRun() throws Exception {
    AtomicInteger number = new AtomicInteger();
    FakeDevice.Fault often =
        () -> {
          int n = number.incrementAndGet();
          if (n <= 20) {
            throw new BenchDeviceException(BenchDeviceException.BUSY, "all taken", null);
          } else if (n == 21) {
            throw new BenchDeviceException("unreachable", "unplugged", null);
          }
        };
    LoadRunner runner =
        new LoadRunner(
            WORKLOAD, closed(10, 30, 0), Goodput.ANY, devices(10, often), null, new RunRecord());
    runner.run();
    assertEquals(9, runner.meters().requestsDone());
    assertEquals(Map.of("busy", 20L, "unreachable", 1L), runner.meters().failures());
  }

  /** A thread that has died takes no arrivals: the run must not go on as if it did. */
  @Test
  void aDeviceThatDiesEndsTheRun() {
    AtomicInteger number = new AtomicInteger();
    FakeDevice.Fault mistake =
        () -> {
          if (number.incrementAndGet() == 3) {
            throw new IllegalStateException("a mistake");
          }
        };
    LoadRunner runner =
        new LoadRunner(
            WORKLOAD,
            closed(3, 0, 60_000),
            Goodput.ANY,
            devices(3, mistake),
            null,
            new RunRecord());
    BenchDeviceException failure = assertThrows(BenchDeviceException.class, runner::run);
    assertTrue(failure.getMessage().contains("a mistake"), failure.getMessage());
    assertEquals(1, runner.meters().requestsFailed());
  }

  @Test
  void waitingIsMeasuredAndPartOfTheFirstToken() throws Exception {
    BenchDevice waiting =
        new BenchDevice() {
          @Override
          public void run(BenchRequest request, GenerationListener listener)
              throws InterruptedException {
            listener.waiting(2, 0);
            listener.waiting(1, 0);
            TimeUnit.MILLISECONDS.sleep(50);
            listener.admitted();
            listener.tokens(System.nanoTime(), 1, 2);
          }

          @Override
          public long bytesUp() {
            return 0;
          }

          @Override
          public long bytesDown() {
            return 0;
          }

          @Override
          public void close() {}
        };
    RunRecord record = new RunRecord();
    LoadRunner runner =
        new LoadRunner(WORKLOAD, closed(1, 4, 0), Goodput.ANY, List.of(waiting), null, record);
    runner.run();
    assertEquals(4, runner.meters().requestsWaited());
    assertEquals(4, record.total(Metric.WAIT).getTotalCount());
    assertTrue(record.total(Metric.WAIT).getMinValue() >= 50_000);
    assertTrue(record.total(Metric.TTFT).getMinValue() >= 50_000);
  }

  @Test
  void whatDoesNotEndIsCutOffAfterTheTimeToDrain() throws Exception {
    List<FakeDevice> devices = List.of(new FakeDevice(1_000_000, 5, () -> {}));
    LoadPlan plan =
        new LoadPlan(1, 0, 1, 0, Duration.ofMillis(100), Duration.ZERO, Duration.ofMillis(100), 1);
    LoadRunner runner = new LoadRunner(WORKLOAD, plan, Goodput.ANY, devices, null, new RunRecord());
    runner.run();
    assertEquals(1, runner.meters().requestsCut());
    assertEquals(0, runner.meters().requestsDone());
    assertEquals(1, devices.get(0).interrupted.get());
  }

  @Test
  void anInterruptCancelsEverything() throws Exception {
    List<FakeDevice> devices = devices(2, () -> TimeUnit.SECONDS.sleep(30));
    LoadRunner runner =
        new LoadRunner(WORKLOAD, closed(2, 0, 60_000), Goodput.ANY, devices, null, new RunRecord());
    Thread main = Thread.currentThread();
    Thread ctrlC =
        new Thread(
            () -> {
              try {
                TimeUnit.MILLISECONDS.sleep(100);
              } catch (InterruptedException e) {
                return;
              }
              main.interrupt();
            });
    ctrlC.start();
    assertThrows(InterruptedException.class, runner::run);
    assertEquals(2, devices.stream().mapToInt(device -> device.interrupted.get()).sum());
  }
}
