package org.sled.cli.fit;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.sled.bench.cost.CostTable;
import org.sled.bench.fit.FitCell;
import org.sled.bench.report.Rounding;
import org.sled.bench.simulate.FleetForecast;
import org.sled.bench.trace.DraftTrace;
import org.sled.cli.command.CommandContext;
import org.sled.cli.output.Progress;

/** The expectations of {@code sled fit}, computed cell by cell, with progress. One thread. */
final class FitTable {
  /** A rate below which drafts never pay is looked for between these, drafts per second. */
  private static final double LEAST_RATE = 0.5;

  private static final int HALVINGS = 7;

  private final CommandContext context;
  private final FleetForecast forecast;
  private final double ownRate;
  private final FitTime time;

  FitTable(
      CommandContext context,
      DraftTrace trace,
      CostTable costs,
      double overheadMillis,
      double ownRate,
      FitTime time) {
    this.context = context;
    this.ownRate = ownRate;
    this.time = time;
    forecast = new FleetForecast(trace, costs, overheadMillis);
  }

  /** All cells, or as many as there was time for: this device's rate first. */
  List<FitCell> cells(FitOptions options) throws InterruptedException {
    List<Double> rates = new ArrayList<>(List.of(ownRate));
    rates.addAll(options.draftRates());
    int all = rates.size() * options.rttMillis().size() * options.sessions().size();
    List<FitCell> cells = new ArrayList<>();
    Progress.Counter counter = new Progress.Counter("simulating");
    Progress progress = Progress.of(context, counter);
    try (progress) {
      double[][] alone = new double[options.sessions().size()][options.rttMillis().size()];
      for (int r = 0; r < rates.size(); r++) {
        for (int s = 0; s < options.sessions().size(); s++) {
          for (int l = 0; l < options.rttMillis().size(); l++) {
            if (!cells.isEmpty() && FitTime.isOver(time.endNanos(1))) {
              time.cut(
                  String.format(Locale.ROOT, "%d of %d cells were simulated", cells.size(), all));
              return cells;
            }
            double rtt = options.rttMillis().get(l);
            int sessions = options.sessions().get(s);
            if (r == 0) {
              alone[s][l] = forecast.tokenMillis(rtt, ownRate, sessions, false);
            }
            cells.add(
                new FitCell(
                    rtt,
                    Rounding.round(rates.get(r)),
                    r == 0,
                    sessions,
                    Rounding.round(forecast.tokenMillis(rtt, rates.get(r), sessions, true)),
                    Rounding.round(alone[s][l])));
            counter.at(cells.size(), all, "cells");
          }
        }
      }
    }
    return cells;
  }

  /** One of the round trip times in the middle. */
  static double middle(List<Double> rttMillis) {
    return rttMillis.get(rttMillis.size() / 2);
  }

  /**
   * From how many drafts per second on drafts pay for one session; null if they pay with nearly
   * none, or not with the most that were tried, or there is no time to find out.
   */
  Double leastRate(List<FitCell> cells, double rttMillis) throws InterruptedException {
    double high = cells.stream().mapToDouble(FitCell::draftsPerSecond).max().orElse(LEAST_RATE);
    double low = LEAST_RATE;
    double alone = forecast.tokenMillis(rttMillis, ownRate, 1, false);
    if (!pays(high, rttMillis, alone) || pays(low, rttMillis, alone)) {
      return null;
    }
    for (int i = 0; i < HALVINGS; i++) {
      if (FitTime.isOver(time.endNanos(1))) {
        return null;
      }
      double middle = Math.sqrt(low * high);
      if (pays(middle, rttMillis, alone)) {
        high = middle;
      } else {
        low = middle;
      }
    }
    return high >= 10 ? Math.rint(high) : Math.rint(high * 10) / 10;
  }

  private boolean pays(double rate, double rttMillis, double alone) throws InterruptedException {
    return alone / forecast.tokenMillis(rttMillis, rate, 1, true) >= FitCell.LEAST_GAIN;
  }
}
