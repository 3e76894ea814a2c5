package org.sled.bench.report;

import java.util.List;

/** What became of drafts. */
final class AcceptanceSection {
  private AcceptanceSection() {}

  static void write(Html html, BenchResult result) {
    html.open("section").element("h2", "Acceptance per position");
    List<Double> shares = result.acceptancePerPosition();
    if (shares == null || shares.isEmpty()) {
      HtmlReport.note(html, HtmlReport.NOTHING + " No draft was looked at.");
    } else {
      html.open("div", "class", "charts").open("figure");
      AcceptanceChart.draw(html, shares);
      html.close().open("div", "class", "aside");
      HtmlReport.note(
          html,
          "How often the draft at a position is the target's own token, among the blocks in which"
              + " all drafts before it were. The accepted share is another number: accepted drafts"
              + " by all drafts, and lower, for behind the first draft that does not match all are"
              + " lost.");
      Table.numbers(html, "drafts", "")
          .row("blocks answered")
          .cell(Format.count(result.rounds()))
          .row("drafted")
          .cell(Format.count(result.draftedTokens()))
          .row("accepted")
          .cell(Format.count(result.acceptedTokens()))
          .row("accepted share")
          .cell(Format.percent(result.acceptedShare()))
          .row("drafted per block")
          .cell(Format.number((double) result.draftedTokens() / result.rounds()))
          .row("accepted per block")
          .cell(Format.number((double) result.acceptedTokens() / result.rounds()))
          .end();
      html.close().close();
    }
    html.close();
  }
}
