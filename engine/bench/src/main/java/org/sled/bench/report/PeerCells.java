package org.sled.bench.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.sled.bench.load.Metric;

/** Sums runs up for a {@link PeerComparison}. One thread. */
public final class PeerCells {
  private static final double MICROS_PER_MILLI = 1_000;

  private final List<Row> rows = new ArrayList<>();

  private record Row(
      String system, double rttMs, int devices, List<RunOutcome> runs, double sameText) {}

  /** Nothing yet. */
  public PeerCells() {}

  /**
   * Adds what one system did under one load.
   *
   * @param sameText share of the texts that are the target's; NaN if unknown
   */
  public void add(
      String system, double rttMs, int devices, List<RunOutcome> runs, double sameText) {
    rows.add(new Row(system, rttMs, devices, List.copyOf(runs), sameText));
  }

  /** Whether nothing was added. */
  public boolean isEmpty() {
    return rows.isEmpty();
  }

  /** The cells, with TPOT at the percentile of an objective. */
  public List<PeerComparison.Cell> cells(double percentile) {
    return rows.stream().map(row -> cell(row, percentile)).toList();
  }

  private static PeerComparison.Cell cell(Row row, double percentile) {
    ResultBuilder sums = new ResultBuilder(row.runs());
    long tokens = row.runs().stream().mapToLong(run -> run.meters().tokensSoFar()).sum();
    double up = row.runs().stream().mapToLong(RunOutcome::bytesUp).sum();
    double down = row.runs().stream().mapToLong(RunOutcome::bytesDown).sum();
    double cpu = row.runs().stream().mapToDouble(RunOutcome::serverCpuSeconds).sum();
    long drafted = row.runs().stream().mapToLong(run -> run.meters().acceptance().drafted()).sum();
    double accepted =
        row.runs().stream().mapToLong(run -> run.meters().acceptance().accepted()).sum();
    return new PeerComparison.Cell(
        row.system(),
        row.rttMs(),
        row.devices(),
        Estimate.of(
            row.runs().stream().map(run -> Rounding.orNull(run.tokensPerSecond())).toList()),
        sums.distribution(Metric.TTFT),
        sums.distribution(Metric.TPOT),
        sloTpot(sums, percentile),
        Rounding.orNull(accepted / drafted),
        Rounding.orNull(up / tokens),
        Rounding.orNull(down / tokens),
        Rounding.orNull(cpu * MICROS_PER_MILLI / tokens),
        Rounding.orNull(row.sameText()),
        row.runs().stream().mapToLong(run -> run.meters().requestsDone()).sum(),
        row.runs().stream().mapToLong(run -> run.meters().requestsFailed()).sum(),
        row.runs().stream()
            .map(run -> run.meters().firstFailure())
            .filter(text -> text != null)
            .findFirst()
            .orElse(null));
  }

  private static Double sloTpot(ResultBuilder sums, double percentile) {
    Histogram tpot = sums.totals().get(Metric.TPOT);
    return tpot.getTotalCount() == 0
        ? null
        : tpot.getValueAtPercentile(percentile) / MICROS_PER_MILLI;
  }

  /** For each system and round trip time, the largest of the device counts that hold. */
  public List<PeerComparison.Capacity> capacities(double tpotMs, double percentile) {
    Map<List<Object>, List<PeerComparison.Cell>> groups = new LinkedHashMap<>();
    for (PeerComparison.Cell cell : cells(percentile)) {
      groups
          .computeIfAbsent(List.of(cell.system(), cell.rttMs()), key -> new ArrayList<>())
          .add(cell);
    }
    List<PeerComparison.Capacity> capacities = new ArrayList<>();
    for (List<PeerComparison.Cell> group : groups.values()) {
      int capacity = 0;
      boolean all = true;
      for (PeerComparison.Cell cell : group) {
        // Counts are ascending: the first that fails ends it.
        boolean holds =
            cell.sloTpotMs() != null && cell.sloTpotMs() <= tpotMs && cell.failed() == 0;
        all &= holds;
        capacity = all ? cell.devices() : capacity;
      }
      PeerComparison.Cell first = group.get(0);
      capacities.add(new PeerComparison.Capacity(first.system(), first.rttMs(), capacity, all));
    }
    return capacities;
  }
}
