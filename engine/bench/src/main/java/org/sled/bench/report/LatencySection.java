package org.sled.bench.report;

import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.sled.bench.load.Metric;

/** How long requests, tokens and rounds took. */
final class LatencySection {
  private static final String PERCENTILE_NOTE =
      "Read a curve from left to right: that share of the values was at most this high. A curve"
          + " ends where fewer than "
          + PercentileChart.VALUES_BEYOND
          + " values lie beyond it, for then chance decides. ";

  private LatencySection() {}

  static void write(Html html, BenchResult result, Map<Metric, Histogram> totals) {
    html.open("section").element("h2", "Latency by percentile");
    html.open("div", "class", "charts");
    boolean isAny =
        latency(
            html,
            "Whole requests",
            "TTFT, time to first token; E2E, the whole request. Both count from the intended start:"
                + " in an open loop the wait for a free device is part of them; in a closed loop a"
                + " request is meant to start when the one before is done, so that a slow server"
                + " slows the load down, too.",
            List.of(Metric.TTFT, Metric.E2E),
            totals,
            objective("TTFT", result.goodput() == null ? null : result.goodput().ttftMs()));
    isAny |=
        latency(
            html,
            "Tokens and rounds",
            "TPOT, time per output token, one value per request; ITL, the time between bursts of"
                + " tokens that came together; round, from the beginning of drafting to the"
                + " verdict.",
            List.of(Metric.TPOT, Metric.ROUND, Metric.ITL),
            totals,
            objective("TPOT", result.goodput() == null ? null : result.goodput().tpotMs()));
    html.close();
    HtmlReport.note(
        html,
        isAny
            ? PERCENTILE_NOTE
                + "Each further nine takes as much room as the one before, so that the slowest few"
                + " are not squeezed into the margin."
            : "Nothing was recorded, or too few values for a curve.");
    html.close();
  }

  private static boolean latency(
      Html html,
      String title,
      String note,
      List<Metric> metrics,
      Map<Metric, Histogram> totals,
      List<PercentileChart.Objective> objectives) {
    if (!PercentileChart.canDraw(metrics, totals)) {
      return false;
    }
    html.open("figure").element("h3", title);
    PercentileChart.draw(html, title, metrics, totals, objectives);
    html.element("figcaption", note).close();
    return true;
  }

  private static List<PercentileChart.Objective> objective(String name, Double millis) {
    return millis == null ? List.of() : List.of(new PercentileChart.Objective(name, millis));
  }
}
