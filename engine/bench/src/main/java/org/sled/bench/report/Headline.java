package org.sled.bench.report;

import java.util.ArrayList;
import java.util.List;

/** The numbers that are read first, and what went wrong, if something did. */
final class Headline {
  private Headline() {}

  static void write(Html html, BenchResult result) {
    html.open("header").element("h1", "sled bench");
    String machine =
        result.environment() == null
            ? ""
            : " · SLED " + result.environment().sled() + " · " + result.environment().cpu();
    html.element("p", result.created() + machine, "class", "subtitle").close();
    warnings(html, result);
    html.open("div", "class", "cards");
    throughput(html, result);
    latency(html, "Time to first token", result.ttftMs());
    latency(html, "Time per output token", result.tpotMs());
    if (result.acceptedShare() != null) {
      card(
          html,
          "Accepted share",
          Format.percent(result.acceptedShare()),
          Format.count(result.acceptedTokens())
              + " of "
              + Format.count(result.draftedTokens())
              + " drafts");
    }
    bytes(html, result.bytes());
    requests(html, result);
    goodput(html, result.goodput());
    if (result.serverCpu() != null) {
      card(
          html,
          "Server processor time",
          Format.unit(Format.number(result.serverCpu().millisPerToken()), "ms/token"),
          Format.unit(Format.number(result.serverCpu().seconds()), "s")
              + " in all, warm-up included");
    }
    html.close();
  }

  private static void warnings(Html html, BenchResult result) {
    BenchResult.Requests requests = result.requests();
    if (requests.failed() > 0) {
      html.open("div", "class", "alert", "role", "note");
      html.element("strong", counted(requests.failed(), "measured request") + " failed. ");
      if (requests.firstFailure() != null) {
        html.text("The first one said: ").element("code", requests.firstFailure());
      }
      html.close();
    }
    if (result.replay() != null && result.replay().divergences() > 0) {
      html.open("div", "class", "alert", "role", "note");
      html.element("strong", counted(result.replay().divergences(), "generation") + " diverged. ");
      html.text(
              "Their text was not the trace's, so that the drafts replayed behind that point fit"
                  + " another text: the accepted share is too low for them.")
          .close();
    }
  }

  private static String counted(long count, String what) {
    return Format.count(count) + " " + what + (count == 1 ? "" : "s");
  }

  private static void throughput(Html html, BenchResult result) {
    Estimate estimate =
        result.confidence() == null ? null : result.confidence().get("tokens_per_second");
    String interval = "one repetition: no interval";
    if (estimate != null && estimate.low() != null) {
      interval =
          "95 %: "
              + Format.number(estimate.low())
              + " to "
              + Format.number(estimate.high())
              + ", "
              + estimate.repetitions()
              + " repetitions";
    }
    card(
        html,
        "Throughput",
        Format.unit(Format.number(result.tokensPerSecond()), "tokens/s"),
        result.tokensPerSecond() == null ? HtmlReport.NOTHING : interval);
  }

  private static void latency(Html html, String title, Distribution millis) {
    if (millis == null) {
      card(html, title, Format.UNKNOWN, HtmlReport.NOTHING);
      return;
    }
    String p99 = "p99 " + Format.unit(Format.number(millis.p99()), "ms");
    boolean isSupported = PercentileChart.isSupported(millis.count(), 99);
    card(
        html,
        title,
        Format.unit(Format.number(millis.p50()), "ms"),
        "p50 · "
            + p99
            + (isSupported ? "" : " (of only " + Format.count(millis.count()) + " values)"));
  }

  private static void bytes(Html html, BenchResult.Bytes bytes) {
    if (bytes == null || bytes.up() + bytes.down() == 0) {
      card(html, "Bytes per token", Format.UNKNOWN, "not counted");
      return;
    }
    boolean isKnown = bytes.upPerToken() != null && bytes.downPerToken() != null;
    card(
        html,
        "Bytes per token",
        isKnown ? Format.number(bytes.upPerToken() + bytes.downPerToken()) : Format.UNKNOWN,
        "↑ "
            + Format.number(bytes.upPerToken())
            + " up, ↓ "
            + Format.number(bytes.downPerToken())
            + " down");
  }

  private static void requests(Html html, BenchResult result) {
    BenchResult.Requests requests = result.requests();
    StringBuilder rest = new StringBuilder();
    rest.append(Format.count(requests.failed())).append(" failed");
    if (requests.cancelled() > 0) {
      rest.append(", ").append(Format.count(requests.cancelled())).append(" cut off at the end");
    }
    if (result.requestsPerSecond() != null) {
      rest.append(" · ").append(Format.number(result.requestsPerSecond())).append(" per second");
    }
    card(html, "Requests done", Format.count(requests.completed()), rest.toString());
  }

  private static void goodput(Html html, BenchResult.GoodputResult goodput) {
    if (goodput == null) {
      return;
    }
    List<String> objectives = new ArrayList<>();
    if (goodput.ttftMs() != null) {
      objectives.add("TTFT ≤ " + Format.unit(Format.tick(goodput.ttftMs()), "ms"));
    }
    if (goodput.tpotMs() != null) {
      objectives.add("TPOT ≤ " + Format.unit(Format.tick(goodput.tpotMs()), "ms"));
    }
    card(
        html,
        "Goodput",
        Format.unit(Format.number(goodput.requestsPerSecond()), "requests/s"),
        Format.percent(goodput.share()) + " met " + String.join(", ", objectives));
  }

  private static void card(Html html, String title, String value, String more) {
    html.open("div", "class", "card");
    html.element("div", title, "class", "card-title");
    html.element("div", value, "class", "card-value");
    html.element("div", more, "class", "card-more").close();
  }
}
