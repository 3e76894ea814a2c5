package org.sled.bench.report;

import java.util.Locale;
import java.util.Map;

/**
 * The means of a round's phases, as one bar. Its coordinates are percent, so that it is as wide as
 * the page while its text keeps its size.
 */
final class StackedBar {
  /** Narrower parts have no room for their share. */
  private static final double LABEL_FROM_PERCENT = 7;

  /** Narrower parts have no room for their name, either. */
  private static final double NAME_FROM_PERCENT = 13;

  private StackedBar() {}

  /** Draws phases by their tags, in this order. */
  static void draw(Html html, Map<String, BenchResult.Phase> phases) {
    double sum = phases.values().stream().mapToDouble(BenchResult.Phase::meanMs).sum();
    html.open("svg", "class", "stack", "role", "img", "aria-label", "Mean phases of a round");
    double start = 0;
    for (Map.Entry<String, BenchResult.Phase> entry : phases.entrySet()) {
      double width = sum > 0 ? entry.getValue().meanMs() / sum * 100 : 0;
      part(html, entry.getKey(), entry.getValue().meanMs(), start, width);
      start += width;
    }
    html.close();
  }

  private static void part(Html html, String tag, double meanMs, double start, double width) {
    String name = PhaseSection.title(tag);
    String share = Format.percent(width / 100);
    html.open("g")
        .element("title", name + ": " + Format.unit(Format.number(meanMs), "ms") + ", " + share);
    html.leaf(
        "rect",
        "class",
        "phase " + tag,
        "x",
        percent(start),
        "y",
        "0",
        "width",
        percent(width),
        "height",
        "100%");
    String style = "middle on-" + tag;
    String middle = percent(start + width / 2);
    if (width >= NAME_FROM_PERCENT) {
      html.element("text", name, "class", style, "x", middle, "y", "40%");
      html.element("text", share, "class", style, "x", middle, "y", "75%");
    } else if (width >= LABEL_FROM_PERCENT) {
      html.element("text", share, "class", style, "x", middle, "y", "58%");
    }
    html.close();
  }

  private static String percent(double value) {
    return String.format(Locale.ROOT, "%.3f%%", value);
  }
}
