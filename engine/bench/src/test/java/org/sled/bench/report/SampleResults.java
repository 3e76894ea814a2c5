package org.sled.bench.report;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.sled.bench.cost.Bound;
import org.sled.bench.cost.CostTable;
import org.sled.bench.energy.EnergyReport;
import org.sled.bench.load.Metric;

/** Results as runs might leave them. */
final class SampleResults {
  /** As a name or a failure might be, at worst. */
  static final String HOSTILE = "<script src=\"x\">'&\u0000\u001b[1m</script>";

  private static final Environment ENVIRONMENT =
      new Environment("a cpu", 8, 1L << 34, "Linux", "17", "0.1.0", Map.of("llama", HOSTILE));

  private SampleResults() {}

  /** What one run of ten seconds recorded, a thousand values per metric. */
  static RunRecord record() {
    RunRecord record = new RunRecord();
    for (int second = 0; second < 10; second++) {
      Map<Metric, Histogram> slice = new EnumMap<>(Metric.class);
      long unit = 0;
      for (Metric metric : Metric.values()) {
        unit += 100;
        Histogram micros = new Histogram(3);
        for (int i = 1; i <= 100; i++) {
          micros.recordValue(i * unit);
        }
        slice.put(metric, micros);
      }
      record.interval(second * 1_000_000_000L, (second + 1) * 1_000_000_000L, slice, 50, 4);
    }
    return record;
  }

  /** An outcome around a record; the page reads nothing else of it. */
  static RunOutcome outcome(RunRecord record) {
    return new RunOutcome(record, null, 0, 0, Double.NaN, 0);
  }

  /** Everything there is, with hostile texts wherever text comes from outside. */
  static BenchResult full(ResultBuilder totals) {
    Distribution millis = totals.distribution(Metric.ROUND);
    Map<String, BenchResult.Phase> phases = new LinkedHashMap<>();
    Arrays.stream(Metric.values())
        .filter(Metric::isPhase)
        .forEach(
            metric -> {
              Distribution phase = totals.distribution(metric);
              phases.put(metric.tag(), new BenchResult.Phase(phase.mean(), 0.14, phase));
            });
    return new BenchResult(
        "sled bench",
        "2025-01-01T00:00:00Z",
        List.of("sled", "bench", "--target", HOSTILE),
        Map.of("mode", "sled", "target", HOSTILE, "rtt_ms", 30),
        ENVIRONMENT,
        Map.of("model", HOSTILE, "url", "https://example.org/" + HOSTILE),
        50.0,
        2.0,
        new BenchResult.Requests(20, 1, 1, 0, 3, Map.of(HOSTILE, 1L), HOSTILE),
        0.51,
        Arrays.asList(0.75, 0.74, null, 0.7),
        1_000,
        4_000,
        2_040,
        totals.distribution(Metric.TTFT),
        totals.distribution(Metric.WAIT),
        totals.distribution(Metric.TPOT),
        totals.distribution(Metric.ITL),
        totals.distribution(Metric.E2E),
        millis,
        phases,
        new BenchResult.Bytes(10_000, 20_000, 20.0, 40.0),
        new BenchResult.ServerCpu(3.5, 7.0),
        new BenchResult.GoodputResult(5.0, null, 0.9, 1.8),
        EnergyResult.of(
            new EnergyReport(
                10,
                12.5,
                List.of(HOSTILE),
                List.of(
                    new EnergyReport.Measured(
                        HOSTILE, HOSTILE, 12.5, EnergyReport.COUNTER, 11, null, null, true)),
                List.of(new EnergyReport.Unavailable("dram", HOSTILE))),
            "server and devices",
            500),
        new BenchResult.Replay(HOSTILE, 3),
        new BoundResult(
            new Bound(60, 4, 2, 0.9),
            0.83,
            4,
            1.5,
            2.5,
            new CostTable(
                HOSTILE,
                "2 threads",
                "exact",
                1,
                1,
                128,
                new int[] {1, 2},
                new int[] {1, 5},
                new double[][] {{1, 2}, {1.5, 3}})),
        new CapacityResult(4, false, 100, 95, List.of(new CapacityResult.Try(4, 80.0, 50, true))),
        Map.of("tokens_per_second", new Estimate(50, 48.0, 52.0, 2)),
        List.of(
            new BenchResult.Repetition(10, 500, 50, 0.51, millis, millis, millis),
            new BenchResult.Repetition(10, 500, 50, null, null, null, null)));
  }

  /** What a run leaves in which nothing happened. */
  static BenchResult empty() {
    return new BenchResult(
        "sled bench",
        "2025-01-01T00:00:00Z",
        List.of("sled", "bench", "--mode", "central"),
        Map.of("mode", "central"),
        ENVIRONMENT,
        null,
        null,
        null,
        new BenchResult.Requests(0, 0, 0, 0, 0, Map.of(), null),
        null,
        List.of(),
        0,
        0,
        0,
        null,
        null,
        null,
        null,
        null,
        null,
        Map.of(),
        new BenchResult.Bytes(0, 0, null, null),
        null,
        null,
        null,
        null,
        null,
        null,
        Map.of(),
        List.of(new BenchResult.Repetition(10, 0, 0, null, null, null, null)));
  }
}
