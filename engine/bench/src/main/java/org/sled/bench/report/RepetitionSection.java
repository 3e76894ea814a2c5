package org.sled.bench.report;

import java.util.Map;
import org.sled.bench.load.Metric;

/** Each run by itself, and how far the runs agree. */
final class RepetitionSection {
  private RepetitionSection() {}

  static void write(Html html, BenchResult result) {
    html.open("section").element("h2", "Repetitions");
    if (result.repetitions() == null || result.repetitions().isEmpty()) {
      HtmlReport.note(html, HtmlReport.NOTHING);
    } else {
      runs(html, result);
      confidence(html, result);
    }
    html.close();
  }

  private static void runs(Html html, BenchResult result) {
    Table table =
        Table.numbers(
            html,
            "run",
            "measured, s",
            "tokens",
            "tokens/s",
            "accepted share",
            "TTFT p50, ms",
            "TTFT p99, ms",
            "TPOT p50, ms",
            "TPOT p99, ms",
            "round p50, ms",
            "round p99, ms");
    int number = 0;
    for (BenchResult.Repetition run : result.repetitions()) {
      table
          .row("#" + ++number)
          .cell(Format.number(run.seconds()))
          .cell(Format.count(run.tokens()))
          .cell(Format.number(run.tokensPerSecond()))
          .cell(Format.percent(run.acceptedShare()));
      percentiles(table, run.ttftMs());
      percentiles(table, run.tpotMs());
      percentiles(table, run.roundMs());
    }
    table.end();
  }

  private static void percentiles(Table table, Distribution millis) {
    if (millis == null) {
      table.cells(Format.UNKNOWN, Format.UNKNOWN);
    } else {
      table
          .percentile(millis.p50(), millis.count(), 50)
          .percentile(millis.p99(), millis.count(), 99);
    }
  }

  private static void confidence(Html html, BenchResult result) {
    if (result.confidence() == null
        || result.confidence().values().stream().noneMatch(estimate -> estimate.low() != null)) {
      HtmlReport.note(html, "One repetition has no spread: there are no confidence intervals.");
      return;
    }
    html.element("h3", "Means of the repetitions");
    Table table =
        Table.numbers(html, "quantity", "mean", "95 % from", "to", "± of the mean", "repetitions");
    for (Map.Entry<String, Estimate> entry : result.confidence().entrySet()) {
      Estimate estimate = entry.getValue();
      table
          .row(label(entry.getKey()))
          .cell(Format.number(estimate.mean()))
          .cell(Format.number(estimate.low()))
          .cell(Format.number(estimate.high()))
          .cell(relative(estimate))
          .cell(Format.count(estimate.repetitions()));
    }
    table.end();
    HtmlReport.note(
        html,
        "95 % confidence intervals of the mean by Student's t, which take the repetitions for"
            + " independent. A percentile here is the mean of the runs' percentiles, and need not"
            + " equal that of all values together.");
  }

  /** {@code ttft_ms_p50} is "TTFT p50, ms". */
  private static String label(String name) {
    int unit = name.indexOf("_ms_");
    if (unit < 0) {
      return Details.label(name);
    }
    String metric = name.substring(0, unit);
    for (Metric known : Metric.values()) {
      metric = known.tag().equals(metric) ? PercentileChart.name(known) : metric;
    }
    return metric + " " + name.substring(unit + "_ms_".length()) + ", ms";
  }

  private static String relative(Estimate estimate) {
    return estimate.high() == null || estimate.mean() == 0
        ? Format.UNKNOWN
        : Format.percent((estimate.high() - estimate.mean()) / Math.abs(estimate.mean()));
  }
}
