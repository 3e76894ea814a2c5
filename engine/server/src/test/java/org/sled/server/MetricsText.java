package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what a scraper reads, and fails where a strict one would. */
final class MetricsText {
  private static final Pattern SAMPLE =
      Pattern.compile(
          "([a-zA-Z_:][a-zA-Z0-9_:]*)"
              + "(?:\\{((?:[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\\\n]|\\\\[\"\\\\n])*\",?)+)\\})?"
              + " (-?[0-9.]+(?:[eE][-+]?[0-9]+)?|[-+]?Inf|NaN)");
  private static final Pattern ABOUT =
      Pattern.compile("# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)");
  private static final Pattern BOUND = Pattern.compile("le=\"([^\"]+)\"");

  private MetricsText() {}

  /** The values by series, as {@code name{labels}}. */
  static Map<String, Double> parse(String text, boolean openMetrics) {
    assertTrue(text.endsWith("\n"), "the last line ends, too");
    List<String> lines = text.lines().toList();
    if (openMetrics) {
      assertEquals("# EOF", lines.get(lines.size() - 1));
      lines = lines.subList(0, lines.size() - 1);
    }
    Map<String, String> types = new HashMap<>();
    Map<String, Double> series = new LinkedHashMap<>();
    String family = "";
    double bucketBefore = 0;
    for (String line : lines) {
      Matcher about = ABOUT.matcher(line);
      if (about.matches()) {
        family = about.group(2);
        if (about.group(1).equals("TYPE")) {
          assertNull(types.put(family, about.group(3)), "one type for " + family);
          assertTrue(
              List.of("counter", "gauge", "histogram", "info").contains(about.group(3)), line);
        }
        continue;
      }
      Matcher sample = SAMPLE.matcher(line);
      assertTrue(sample.matches(), () -> "no sample: " + line);
      String name = sample.group(1);
      String type = types.get(family);
      assertNotNull(type, () -> "no type before " + line);
      String suffix = name.startsWith(family) ? name.substring(family.length()) : null;
      switch (type) {
        case "counter" -> assertEquals(openMetrics ? "_total" : "", suffix, line);
        case "gauge" -> assertEquals("", suffix, line);
        case "histogram" -> assertTrue(List.of("_bucket", "_count", "_sum").contains(suffix), line);
        default -> assertEquals("_info", suffix, line);
      }
      assertFalse(openMetrics && family.endsWith("_total"), line);
      double value = Double.parseDouble(sample.group(3).replace("+Inf", "Infinity"));
      String labels = sample.group(2) == null ? "" : "{" + sample.group(2) + "}";
      assertNull(series.put(name + labels, value), () -> "twice: " + line);
      if (name.endsWith("_bucket") && type.equals("histogram")) {
        Matcher bound = BOUND.matcher(labels);
        assertTrue(bound.find(), line);
        assertTrue(value >= bucketBefore, () -> "buckets add up: " + line);
        bucketBefore = bound.group(1).equals("+Inf") ? 0 : value;
      } else if (name.endsWith("_count") && type.equals("histogram")) {
        assertEquals(series.get(family + "_bucket{le=\"+Inf\"}"), value, line);
      }
    }
    return series;
  }
}
