package org.sled.bench.simulate;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.sled.bench.cost.CostTable;
import org.sled.bench.trace.DegradedDrafter;
import org.sled.bench.trace.DraftTrace;
import org.sled.bench.trace.ReplayDrafter;
import org.sled.bench.trace.TraceStream;
import org.sled.device.GenerationRequest;
import org.sled.device.GenerationStats;
import org.sled.device.draft.DraftPolicy;
import org.sled.net.protocol.TokenIds;
import org.sled.simulator.VirtualClock;
import org.sled.simulator.VirtualDevice;
import org.sled.simulator.VirtualServing;

/**
 * All ways to draft, in cells of link, draft rate and draft model. Each seed is a new device that
 * generates one of the trace's texts, perhaps behind others, from which it has learnt; what it
 * takes to learn in this one is in its rate. One thread.
 *
 * <p><b>Two bounds.</b> With the chance a of a draft, 1 / (1 − a) tokens are drafted until one is
 * wrong, the wrong one included, at t<sub>d</sub> each; nothing behind it stands, and that is known
 * V later at the earliest, V being the link's round trip, a step of two rows (the wrong draft and
 * what it follows from) and the server's overhead. So drafts bring (1 / (1 − a)) / (t<sub>d</sub> /
 * (1 − a) + V), if each is verified as soon as it is there, by a server that always has a step
 * free. The bound is the better of that and the server alone, a token per step of one row.
 *
 * <p>Drafts go in blocks, though, and a step takes one of them at a time. With blocks of k drafts,
 * m = k + 1 with the guess behind them, n = 1 / (1 − a<sup>m</sup>) blocks go until the first
 * mistake. They cannot follow each other faster than drafting (m · t<sub>d</sub>), the server (a
 * step of m rows, S), or the window W lets them, and the last one's round has to be waited for: (n
 * − 1) · max(m · t<sub>d</sub>, S, (m · t<sub>d</sub> + V) / W) + k · t<sub>d</sub> + V, V being
 * link and S here. The bound for blocks is the best of that over all k with the widest window, or
 * the server alone. Blocks that end where the draft model is unsure can pass it; others by little,
 * where texts are drafted better or worse than the mean a.
 */
public final class Simulation {
  /** Lengths of blocks that are compared with. */
  public static final List<Integer> FIXED_LENGTHS = List.of(1, 2, 3, 4, 6, 8, 12, 16);

  /** Blocks in flight with each of them. */
  public static final List<Integer> WINDOWS = List.of(1, 2, 4, 8);

  private static final double NANOS_PER_SECOND = 1e9;

  private final DraftTrace trace;
  private final DegradedDrafter worse;
  private final CostTable costs;
  private final double overheadMillis;
  private final int seeds;
  private final int warmup;

  /**
   * Creates it.
   *
   * @param overheadMillis the server's time for a block beside queueing and computing, ms
   * @param seeds generations in each cell, 1 or more
   * @param warmup generations of each device before the one that counts, 0 or more
   */
  public Simulation(
      DraftTrace trace, CostTable costs, double overheadMillis, int seeds, int warmup) {
    this.trace = trace;
    this.costs = costs;
    this.overheadMillis = overheadMillis;
    this.seeds = seeds;
    this.warmup = warmup;
    worse = new DegradedDrafter(trace);
  }

  /** Per-position acceptance of the draft model that was recorded. */
  public double recordedAcceptance() {
    return worse.recordedAcceptance();
  }

  /**
   * Computes one cell.
   *
   * @param draftRate tokens that the device drafts per second, above 0
   * @param drafts name of the draft model, for the result
   * @param acceptance per position, at most {@link #recordedAcceptance}
   */
  public SimulatedCell cell(double rttMillis, double draftRate, String drafts, double acceptance) {
    List<DraftTrace> texts = texts(acceptance);
    double actual =
        texts.stream()
            .mapToDouble(text -> DegradedDrafter.acceptance(text.streams().get(0)))
            .average()
            .orElse(0);
    VirtualServing serving = FleetForecast.serving(costs, rttMillis, overheadMillis);
    List<PolicyRun> fixed = new ArrayList<>();
    for (int window : WINDOWS) {
      for (int length : FIXED_LENGTHS) {
        fixed.add(run(PolicyRun.Way.fixed(length, window), serving, draftRate, texts));
      }
    }
    int most = GenerationRequest.DEFAULT_DRAFT_TOKENS;
    return new SimulatedCell(
        rttMillis,
        draftRate,
        drafts,
        actual,
        bound(actual, draftRate, rttMillis),
        blockBound(actual, draftRate, rttMillis),
        run(PolicyRun.Way.central(), serving, draftRate, texts),
        fixed,
        run(PolicyRun.Way.of(DraftPolicy.THRESHOLD, most), serving, draftRate, texts),
        run(PolicyRun.Way.of(DraftPolicy.OPTIMAL, most), serving, draftRate, texts));
  }

  /** One text for each seed. */
  private List<DraftTrace> texts(double acceptance) {
    List<DraftTrace> texts = new ArrayList<>();
    for (int seed = 0; seed < seeds; seed++) {
      TraceStream stream = trace.streams().get(seed % trace.streams().size());
      texts.add(worse.of(stream, acceptance, seed));
    }
    return texts;
  }

  private PolicyRun run(
      PolicyRun.Way way, VirtualServing serving, double draftRate, List<DraftTrace> texts) {
    List<Double> perSeed = new ArrayList<>();
    for (int seed = 0; seed < texts.size(); seed++) {
      perSeed.add(tokensPerSecond(way, serving, draftRate, texts, seed));
    }
    return PolicyRun.of(way, perSeed);
  }

  private double tokensPerSecond(
      PolicyRun.Way way,
      VirtualServing serving,
      double draftRate,
      List<DraftTrace> texts,
      int seed) {
    VirtualClock clock = new VirtualClock();
    VirtualDevice device =
        new VirtualDevice(
            clock, serving, texts.get(0).header().fingerprint().vocabularySize(), way.drafting());
    for (int before = warmup; before > 0; before--) {
      generate(
          device, clock, way, draftRate, texts.get(Math.floorMod(seed - before, texts.size())));
    }
    GenerationStats stats = generate(device, clock, way, draftRate, texts.get(seed));
    return (stats.tokens() - 1)
        * NANOS_PER_SECOND
        / (stats.elapsedNanos() - stats.timeToFirstTokenNanos());
  }

  private static GenerationStats generate(
      VirtualDevice device,
      VirtualClock clock,
      PolicyRun.Way way,
      double draftRate,
      DraftTrace text) {
    TraceStream stream = text.streams().get(0);
    GenerationRequest request =
        new GenerationRequest(
            TokenIds.of(stream.prompt()),
            stream.tokens().length,
            way.draftTokens(),
            stream.ignoreEnd(),
            stream.sampling(),
            List.of());
    return device.generate(
        request, stream.tokens(), new ReplayDrafter(clock, text, draftRate, new LongAdder()));
  }

  private double bound(double acceptance, double draftRate, double rttMillis) {
    double tokens = 1 / (1 - acceptance);
    double fixedMillis = rttMillis + costs.stepMillis(1, 2) + overheadMillis;
    double drafting = tokens / (tokens * 1e3 / draftRate + fixedMillis) * 1e3;
    double alone = 1e3 / costs.stepMillis(1, 1);
    return Math.max(drafting, alone);
  }

  private double blockBound(double acceptance, double draftRate, double rttMillis) {
    double tokens = 1 / (1 - acceptance);
    double draftMillis = 1e3 / draftRate;
    int window = WINDOWS.get(WINDOWS.size() - 1);
    double best = 1e3 / costs.stepMillis(1, 1);
    for (int k = 1; k <= GenerationRequest.DEFAULT_DRAFT_TOKENS; k++) {
      double blocks = 1 / (1 - Math.pow(acceptance, k + 1));
      double server = costs.stepMillis(1, k + 1) + overheadMillis;
      double round = rttMillis + server;
      double drafting = (k + 1) * draftMillis;
      double period = Math.max(Math.max(drafting, server), (drafting + round) / window);
      best = Math.max(best, tokens / ((blocks - 1) * period + k * draftMillis + round) * 1e3);
    }
    return best;
  }
}
