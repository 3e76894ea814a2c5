package org.sled.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class HtmlReportTest {
  @Test
  void isWellFormedAndShowsEverything() throws Exception {
    Document page = parse(full());
    String text = page.getDocumentElement().getTextContent();
    for (String wanted :
        List.of(
            "What was run",
            "Latency by percentile",
            "Throughput over time",
            "Where a round's time goes",
            "Acceptance per position",
            "Distributions",
            "Repetitions",
            "Energy",
            "Best that could be reached",
            "Environment",
            "Settings",
            "95 %: 48.0 to 52.0",
            "1 measured request failed",
            "3 generations diverged",
            "each is counted as half of what is neither drafting nor server",
            "batch-mates' surcharge",
            "unavailable")) {
      assertTrue(text.contains(wanted), wanted);
    }
    assertEquals(6, page.getElementsByTagName("svg").getLength());
    assertEquals(7, elements(page, "class", "phase ").size());
    assertEquals(3, elements(page, "class", "bar").size(), "a null share leaves a hole");
    assertFalse(full().contains("NaN"));
  }

  @Test
  void textFromOutsideStaysText() throws Exception {
    String page = full();
    assertFalse(page.contains("<script"));
    assertEquals(0, parse(page).getElementsByTagName("script").getLength());
    String shown = SampleResults.HOSTILE.replaceAll("[\\x00\\x1b]", "\ufffd");
    assertTrue(parse(page).getDocumentElement().getTextContent().contains(shown));
  }

  @Test
  void loadsNothing() throws Exception {
    Document page = parse(full());
    NodeList all = page.getElementsByTagName("*");
    Set<String> loading = Set.of("src", "href", "xlink:href", "srcset", "data", "action", "poster");
    for (int i = 0; i < all.getLength(); i++) {
      Element element = (Element) all.item(i);
      for (int k = 0; k < element.getAttributes().getLength(); k++) {
        String name = element.getAttributes().item(k).getNodeName().toLowerCase(Locale.ROOT);
        assertFalse(loading.contains(name), element.getTagName() + " " + name);
        assertFalse(element.getAttribute(name).matches("(?s).*(https?:|url\\().*"), name);
      }
    }
    String style = page.getElementsByTagName("style").item(0).getTextContent();
    assertTrue(style.contains("prefers-color-scheme: dark"));
    assertFalse(style.contains("http") || style.contains("url(") || style.contains("@import"));
  }

  @Test
  void saysWhereThereIsNothing() throws Exception {
    List<RunOutcome> runs = List.of(SampleResults.outcome(new RunRecord()));
    String markup = HtmlReport.page(SampleResults.empty(), runs, new ResultBuilder(runs).totals());
    Document page = parse(markup);
    String text = page.getDocumentElement().getTextContent();
    assertTrue(text.contains(HtmlReport.NOTHING));
    assertTrue(text.contains("Without drafts there are no rounds"));
    assertTrue(text.contains("too few values for a curve"));
    assertTrue(text.contains("Nothing was measured."));
    assertFalse(text.contains("Goodput") || text.contains("Best that could"));
    assertFalse(markup.contains("NaN") || markup.contains("null"), markup);
    assertEquals(0, page.getElementsByTagName("svg").getLength());
  }

  @Test
  void theUnknownIsSaid() throws Exception {
    Html html = new Html();
    html.open("div").text(Details.inline(ReportFiles.tree(new Estimate(1, null, null, 1)))).close();
    assertEquals(
        "mean 1 · low unknown · high unknown · repetitions 1",
        parse(html.finish()).getDocumentElement().getTextContent());
  }

  @Test
  void theCommandIsQuotedForAShell() {
    assertEquals("--rate=4", RunSummary.quoted("--rate=4"));
    assertEquals("'two words'", RunSummary.quoted("two words"));
    assertEquals("'it'\\''s'", RunSummary.quoted("it's"));
    assertEquals("'$HOME'", RunSummary.quoted("$HOME"));
    assertEquals("''", RunSummary.quoted(""));
  }

  @Test
  void namesFromJsonBecomeWords() {
    assertEquals("rtt, ms", Details.label("rtt_ms"));
    assertEquals("rtt 30 ms", Details.named("rtt_ms", "30"));
    assertEquals("tokens per second", Details.label("tokens_per_second"));
  }

  private static String full() {
    List<RunOutcome> runs = new ArrayList<>();
    runs.add(SampleResults.outcome(SampleResults.record()));
    runs.add(SampleResults.outcome(SampleResults.record()));
    ResultBuilder builder = new ResultBuilder(runs);
    return HtmlReport.page(SampleResults.full(builder), runs, builder.totals());
  }

  private static Document parse(String page) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
    return factory
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(page.getBytes(StandardCharsets.UTF_8)));
  }

  private static List<Element> elements(Document page, String attribute, String prefix) {
    List<Element> found = new ArrayList<>();
    NodeList all = page.getElementsByTagName("*");
    for (int i = 0; i < all.getLength(); i++) {
      Element element = (Element) all.item(i);
      if (element.getAttribute(attribute).startsWith(prefix)) {
        found.add(element);
      }
    }
    return found;
  }
}
