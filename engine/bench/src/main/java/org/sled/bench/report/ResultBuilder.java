package org.sled.bench.report;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;
import org.sled.bench.load.Acceptance;
import org.sled.bench.load.Goodput;
import org.sled.bench.load.Metric;

/** Sums runs up: distributions over all of them, rates as the mean of the runs. One thread. */
public final class ResultBuilder {
  private static final int SIGNIFICANT_DIGITS = 3;

  private final List<RunOutcome> runs;
  private final Map<Metric, Histogram> totals = new EnumMap<>(Metric.class);

  /** Of at least one run. */
  public ResultBuilder(List<RunOutcome> runs) {
    if (runs.isEmpty()) {
      throw new IllegalArgumentException("no run, no result");
    }
    this.runs = List.copyOf(runs);
    for (Metric metric : Metric.values()) {
      Histogram total = new Histogram(SIGNIFICANT_DIGITS);
      runs.forEach(run -> total.add(run.record().total(metric)));
      totals.put(metric, total);
    }
  }

  /** What all runs recorded, µs. */
  public Map<Metric, Histogram> totals() {
    return totals;
  }

  /** The distribution over all runs; null if nothing was recorded. */
  public Distribution distribution(Metric metric) {
    return Distribution.ofMicros(totals.get(metric));
  }

  /** What the caller knows of a result. */
  public record Context(
      String created,
      List<String> command,
      Map<String, Object> settings,
      Environment environment,
      Map<String, Object> server,
      Goodput goodput,
      EnergyResult energy,
      String trace,
      CapacityResult capacity) {}

  /** The result. */
  public BenchResult build(Context context) {
    long drafted = sum(run -> run.meters().acceptance().drafted());
    long accepted = sum(run -> run.meters().acceptance().accepted());
    return new BenchResult(
        "sled bench",
        context.created(),
        context.command(),
        context.settings(),
        context.environment(),
        context.server(),
        Rounding.orNull(mean(RunOutcome::tokensPerSecond)),
        Rounding.orNull(mean(run -> run.meters().requestsDone() / run.meters().window().seconds())),
        requests(),
        Rounding.orNull((double) accepted / drafted),
        acceptancePerPosition(),
        sum(run -> run.meters().acceptance().rounds()),
        drafted,
        accepted,
        distribution(Metric.TTFT),
        distribution(Metric.WAIT),
        distribution(Metric.TPOT),
        distribution(Metric.ITL),
        distribution(Metric.E2E),
        distribution(Metric.ROUND),
        phases(),
        bytes(),
        serverCpu(),
        goodput(context.goodput()),
        context.energy(),
        context.trace() == null
            ? null
            : new BenchResult.Replay(context.trace(), sum(RunOutcome::divergences)),
        null, // follows from the rest
        context.capacity(),
        confidence(),
        runs.stream().map(ResultBuilder::repetition).toList());
  }

  private long sum(ToDoubleFunction<RunOutcome> value) {
    return (long) runs.stream().mapToDouble(value).sum();
  }

  private double mean(ToDoubleFunction<RunOutcome> value) {
    return runs.stream().mapToDouble(value).average().orElse(Double.NaN);
  }

  private BenchResult.Requests requests() {
    return new BenchResult.Requests(
        sum(run -> run.meters().requestsDone()),
        sum(run -> run.meters().requestsFailed()),
        sum(run -> run.meters().requestsCut()),
        sum(run -> run.meters().requestsCutWaiting()),
        sum(run -> run.meters().requestsWaited()),
        failures(),
        runs.stream()
            .map(run -> run.meters().firstFailure())
            .filter(text -> text != null)
            .findFirst()
            .orElse(null));
  }

  private Map<String, Long> failures() {
    Map<String, Long> all = new TreeMap<>();
    runs.forEach(
        run -> run.meters().failures().forEach((kind, count) -> all.merge(kind, count, Long::sum)));
    return all;
  }

  private List<Double> acceptancePerPosition() {
    return Acceptance.perPosition(runs.stream().map(run -> run.meters().acceptance()).toList())
        .stream()
        .map(Rounding::orNull)
        .toList();
  }

  private Map<String, BenchResult.Phase> phases() {
    double round = totals.get(Metric.ROUND).getMean();
    Map<String, BenchResult.Phase> phases = new LinkedHashMap<>();
    for (Metric metric : Metric.values()) {
      Distribution distribution = distribution(metric);
      if (metric.isPhase() && distribution != null) {
        double share = totals.get(metric).getMean() / round;
        phases.put(
            metric.tag(),
            new BenchResult.Phase(distribution.mean(), Rounding.orNull(share), distribution));
      }
    }
    return phases;
  }

  private BenchResult.Bytes bytes() {
    double tokens = sum(run -> run.meters().tokensSoFar());
    long up = sum(RunOutcome::bytesUp);
    long down = sum(RunOutcome::bytesDown);
    return new BenchResult.Bytes(
        up, down, Rounding.orNull(up / tokens), Rounding.orNull(down / tokens));
  }

  private BenchResult.ServerCpu serverCpu() {
    double seconds = runs.stream().mapToDouble(RunOutcome::serverCpuSeconds).sum();
    if (Double.isNaN(seconds)) {
      return null;
    }
    double tokens = sum(run -> run.meters().tokensSoFar());
    return new BenchResult.ServerCpu(
        Rounding.round(seconds), Rounding.orNull(seconds * 1e3 / tokens));
  }

  private BenchResult.GoodputResult goodput(Goodput objective) {
    if (objective.equals(Goodput.ANY)) {
      return null;
    }
    double done = sum(run -> run.meters().requestsDone());
    return new BenchResult.GoodputResult(
        Rounding.orNull(objective.ttftMillis()),
        Rounding.orNull(objective.tpotMillis()),
        Rounding.orNull(sum(run -> run.meters().requestsGood()) / done),
        Rounding.orNull(
            mean(run -> run.meters().requestsGood() / run.meters().window().seconds())));
  }

  private Map<String, Estimate> confidence() {
    Map<String, Estimate> estimates = new LinkedHashMap<>();
    estimates.put("tokens_per_second", estimate(RunOutcome::tokensPerSecond));
    estimates.put("accepted_share", estimate(run -> run.meters().acceptance().share()));
    for (Metric metric : List.of(Metric.TTFT, Metric.TPOT, Metric.E2E, Metric.ROUND)) {
      for (double percentile : new double[] {50, 99}) {
        estimates.put(
            metric.tag() + "_ms_p" + (int) percentile,
            estimate(run -> percentileMillis(run, metric, percentile)));
      }
    }
    estimates.values().removeIf(estimate -> estimate == null);
    return estimates;
  }

  private Estimate estimate(ToDoubleFunction<RunOutcome> value) {
    List<Double> values = new ArrayList<>();
    runs.forEach(run -> values.add(Rounding.orNull(value.applyAsDouble(run))));
    return Estimate.of(values);
  }

  private static double percentileMillis(RunOutcome run, Metric metric, double percentile) {
    Histogram micros = run.record().total(metric);
    return micros.getTotalCount() == 0
        ? Double.NaN
        : micros.getValueAtPercentile(percentile) / 1_000.0;
  }

  private static BenchResult.Repetition repetition(RunOutcome run) {
    return new BenchResult.Repetition(
        Rounding.round(run.meters().window().seconds()),
        run.meters().windowTokens(),
        Rounding.round(run.tokensPerSecond()),
        Rounding.orNull(run.meters().acceptance().share()),
        Distribution.ofMicros(run.record().total(Metric.TTFT)),
        Distribution.ofMicros(run.record().total(Metric.TPOT)),
        Distribution.ofMicros(run.record().total(Metric.ROUND)));
  }
}
