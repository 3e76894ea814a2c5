package org.sled.bench.simulate;

import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.sled.bench.cost.CostTable;
import org.sled.bench.trace.DraftTrace;
import org.sled.bench.trace.ReplayDrafter;
import org.sled.bench.trace.TraceStream;
import org.sled.device.GenerationRequest;
import org.sled.device.GenerationStats;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.Drafting;
import org.sled.net.protocol.TokenIds;
import org.sled.simulator.VirtualFleet;
import org.sled.simulator.VirtualServing;

/**
 * What devices that share a server can expect, in virtual time: they generate the texts of a trace,
 * one after another, and the server's steps take what a cost table says. One thread.
 */
public final class FleetForecast {
  private static final double NANOS_PER_MILLI = 1e6;

  /** A device learns from its first text, which does not count. */
  private static final int WARMUP_TEXTS = 1;

  /** Texts for each device at least, so that the last ones to end do not decide. */
  private static final int LEAST_TEXTS = 4;

  /** Where fewer of the tokens were drafted, devices left the text to the server. */
  private static final double LEAST_DRAFTED_SHARE = 0.02;

  private final DraftTrace trace;
  private final CostTable costs;
  private final double overheadMillis;

  /**
   * Creates it.
   *
   * @param overheadMillis the server's time for a block beside queueing and computing, ms
   */
  public FleetForecast(DraftTrace trace, CostTable costs, double overheadMillis) {
    this.trace = trace;
    this.costs = costs;
    this.overheadMillis = overheadMillis;
  }

  /**
   * Time per token behind the first one, the mean over all texts, ms. Where devices may draft and
   * hardly do, it is that of the server alone: when prompts meet which blocks is chance then.
   *
   * @param rttMillis round trip of each device's link, ms
   * @param draftRate tokens that a device drafts per second; 0: as fast as was recorded
   * @param sessions devices, each with one text at a time
   * @param drafts whether devices draft where they find that it pays; else the server generates
   *     alone
   * @throws InterruptedException if the thread was interrupted
   */
  public double tokenMillis(double rttMillis, double draftRate, int sessions, boolean drafts)
      throws InterruptedException {
    VirtualServing serving = serving(costs, rttMillis, overheadMillis);
    int texts = trace.streams().size();
    int textsPerDevice = Math.max(LEAST_TEXTS, (texts + sessions - 1) / sessions);
    // Each device begins one more than counts.
    DraftTrace all = trace.repeated(sessions * (WARMUP_TEXTS + textsPerDevice + 1));
    VirtualFleet fleet =
        new VirtualFleet(
            serving,
            trace.header().fingerprint().vocabularySize(),
            Drafting.of(DraftPolicy.OPTIMAL),
            sessions,
            WARMUP_TEXTS,
            textsPerDevice);
    int draftTokens = drafts ? GenerationRequest.DEFAULT_DRAFT_TOKENS : 0;
    List<GenerationStats> ended =
        fleet.run(
            number -> text(all.streams().get(number % all.streams().size()), draftTokens),
            clock -> new ReplayDrafter(clock, all, draftRate, new LongAdder()));
    long tokens = ended.stream().mapToLong(GenerationStats::tokens).sum();
    long accepted = ended.stream().mapToLong(GenerationStats::accepted).sum();
    if (drafts && accepted < LEAST_DRAFTED_SHARE * tokens) {
      return tokenMillis(rttMillis, draftRate, sessions, false);
    }
    return ended.stream()
        .filter(stats -> stats.tokens() > 1)
        .mapToDouble(FleetForecast::tokenMillis)
        .average()
        .orElse(Double.NaN);
  }

  /**
   * A server whose steps take what a table says, behind links.
   *
   * @param rttMillis round trip of each link, ms
   * @param overheadMillis the server's time for a block beside queueing and computing, ms
   */
  static VirtualServing serving(CostTable costs, double rttMillis, double overheadMillis) {
    return new VirtualServing(
        (long) (rttMillis * NANOS_PER_MILLI),
        (sessions, rows) -> (long) (costs.stepMillis(sessions, rows) * NANOS_PER_MILLI),
        (long) (costs.resultMillis() * NANOS_PER_MILLI),
        costs.rowMultiple(),
        costs.rowLeast(),
        (long) (overheadMillis * NANOS_PER_MILLI));
  }

  private static double tokenMillis(GenerationStats stats) {
    return (stats.elapsedNanos() - stats.timeToFirstTokenNanos())
        / NANOS_PER_MILLI
        / (stats.tokens() - 1);
  }

  private static VirtualFleet.Text text(TraceStream stream, int draftTokens) {
    return new VirtualFleet.Text(
        new GenerationRequest(
            TokenIds.of(stream.prompt()),
            stream.tokens().length,
            draftTokens,
            stream.ignoreEnd(),
            stream.sampling(),
            List.of()),
        stream.tokens());
  }
}
