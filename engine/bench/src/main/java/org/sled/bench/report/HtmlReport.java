package org.sled.bench.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.sled.bench.load.Metric;

/**
 * The page for people: one file that needs nothing else, neither a network nor scripts. It is
 * well-formed XML as well.
 */
final class HtmlReport {
  private static final String STYLE_SHEET = "report.css";

  /** What is said where there is nothing to show. */
  static final String NOTHING = "Nothing was recorded.";

  private HtmlReport() {}

  /** The whole page, self-contained. */
  static String page(BenchResult result, List<RunOutcome> runs, Map<Metric, Histogram> totals) {
    Html html = new Html();
    html.open("html", "lang", "en").open("head");
    html.leaf("meta", "charset", "utf-8");
    html.leaf("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
    html.leaf("meta", "name", "color-scheme", "content", "light dark");
    html.element("title", "sled bench, " + result.created());
    html.style(styleSheet()).close();
    html.open("body").open("main");
    Headline.write(html, result);
    RunSummary.write(html, result);
    LatencySection.write(html, result, totals);
    throughput(html, result, runs);
    PhaseSection.write(html, result);
    AcceptanceSection.write(html, result);
    DistributionSection.write(html, totals);
    RepetitionSection.write(html, result);
    Details.write(html, result);
    html.close().close().close();
    return "<!DOCTYPE html>\n" + html.finish();
  }

  private static void throughput(Html html, BenchResult result, List<RunOutcome> runs) {
    List<RunRecord> records = new ArrayList<>();
    runs.forEach(run -> records.add(run.record()));
    Timeline timeline = Timeline.of(records);
    html.open("section").element("h2", "Throughput over time");
    if (timeline.samples().isEmpty()) {
      note(html, NOTHING);
    } else {
      html.open("div", "class", "charts");
      html.open("figure").element("h3", "Tokens per second");
      TimeChart.throughput(html, timeline, result.tokensPerSecond());
      html.close().open("figure").element("h3", "Requests under way");
      TimeChart.activeRequests(html, timeline);
      html.close().close();
      note(
          html,
          "All repetitions one after another; #1, #2 … mark where each begins. Warm-up and the"
              + " end, when the last requests finish, are drawn but do not count: the mean is that"
              + " of the measured time.");
    }
    html.close();
  }

  /** A paragraph of explanation. */
  static void note(Html html, String text) {
    html.element("p", text, "class", "note");
  }

  private static String styleSheet() {
    try (InputStream in = HtmlReport.class.getResourceAsStream(STYLE_SHEET)) {
      if (in == null) {
        throw new IllegalStateException("no " + STYLE_SHEET + " beside the classes");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
