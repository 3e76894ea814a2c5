package org.sled.bench.report;

import java.util.Map;
import org.HdrHistogram.Histogram;
import org.sled.bench.load.Metric;

/** All distributions in numbers. */
final class DistributionSection {
  private DistributionSection() {}

  static void write(Html html, Map<Metric, Histogram> totals) {
    html.open("section").element("h2", "Distributions");
    boolean isAny = totals.values().stream().anyMatch(micros -> micros.getTotalCount() > 0);
    if (!isAny) {
      HtmlReport.note(html, HtmlReport.NOTHING);
      html.close();
      return;
    }
    Table table =
        Table.numbers(html, "milliseconds", "count", "mean", "p50", "p90", "p99", "p99.9", "max");
    for (Metric metric : Metric.values()) {
      Histogram micros = totals.get(metric);
      Distribution millis = micros == null ? null : Distribution.ofMicros(micros);
      if (millis != null) {
        table
            .row(PercentileChart.name(metric) + subtitle(metric))
            .cell(Format.count(millis.count()))
            .millis(millis.mean())
            .percentile(millis.p50(), millis.count(), 50)
            .percentile(millis.p90(), millis.count(), 90)
            .percentile(millis.p99(), millis.count(), 99)
            .percentile(millis.p999(), millis.count(), 99.9)
            .millis(millis.max());
      }
    }
    table.end();
    HtmlReport.note(
        html,
        "Over all repetitions together. A pale percentile has fewer than "
            + PercentileChart.VALUES_BEYOND
            + " values beyond it: do not rely on it. The .hgrm files beside this page hold every"
            + " percentile, latencies.hlog each second.");
    html.close();
  }

  private static String subtitle(Metric metric) {
    return PercentileChart.name(metric).equals(metric.title()) ? "" : ", " + metric.title();
  }
}
