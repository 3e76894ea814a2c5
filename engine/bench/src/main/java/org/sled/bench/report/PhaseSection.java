package org.sled.bench.report;

import java.util.Map;
import org.sled.bench.load.Metric;

/** Where the time of a round goes. */
final class PhaseSection {
  private static final String NOTE =
      "Draft: the device's own work. Queue: the wait for the engine. Own compute: what the step"
          + " would have taken for this block alone; batch-mates' surcharge: what it took longer"
          + " because other devices' blocks were in it; both by a line fitted to the steps seen so"
          + " far. Server overhead: the server's remaining time. Uplink and downlink cannot be told"
          + " apart without a common clock: each is counted as half of what is neither drafting nor"
          + " server.";

  private PhaseSection() {}

  static void write(Html html, BenchResult result) {
    html.open("section").element("h2", "Where a round's time goes");
    if (result.phases() == null || result.phases().isEmpty()) {
      HtmlReport.note(
          html,
          HtmlReport.NOTHING
              + " Without drafts there are no rounds: in central mode the server streams its own"
              + " tokens.");
      html.close();
      return;
    }
    StackedBar.draw(html, result.phases());
    Table table = Table.numbers(html, "phase", "mean, ms", "share", "p50, ms", "p99, ms");
    for (Map.Entry<String, BenchResult.Phase> phase : result.phases().entrySet()) {
      Distribution distribution = phase.getValue().distribution();
      table
          .row(title(phase.getKey()), phase.getKey())
          .millis(phase.getValue().meanMs())
          .cell(Format.percent(phase.getValue().share()));
      percentiles(table, distribution);
    }
    if (result.roundMs() != null) {
      table.row("round").millis(result.roundMs().mean()).cell("");
      percentiles(table, result.roundMs());
    }
    table.end();
    HtmlReport.note(
        html, NOTE + " Means add up to the round's mean; percentiles of parts do not add up.");
    html.close();
  }

  private static void percentiles(Table table, Distribution distribution) {
    if (distribution == null) {
      table.cells(Format.UNKNOWN, Format.UNKNOWN);
    } else {
      table
          .percentile(distribution.p50(), distribution.count(), 50)
          .percentile(distribution.p99(), distribution.count(), 99);
    }
  }

  /** The name of a phase for people; its tag if it is none of ours. */
  static String title(String tag) {
    for (Metric metric : Metric.values()) {
      if (metric.tag().equals(tag)) {
        return metric.title();
      }
    }
    return tag;
  }
}
