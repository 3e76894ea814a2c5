package org.sled.bench.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is shown as it stands in {@code result.json}, whatever its names: energy, bound, environment
 * and settings. Objects become tables, lists of objects become tables with a column per name.
 */
final class Details {
  private static final Pattern UNIT = Pattern.compile("(.+) (ms|s|joules|seconds|watts)");

  private static final String BYTES = "_bytes";

  private Details() {}

  static void write(Html html, BenchResult result) {
    energy(html, ReportFiles.tree(result.energy()));
    if (result.bound() != null) {
      section(html, "Best that could be reached", ReportFiles.tree(result.bound()));
    }
    if (result.capacity() != null) {
      section(html, "Capacity", ReportFiles.tree(result.capacity()));
    }
    section(html, "Environment", ReportFiles.tree(result.environment()));
    section(html, "Settings", ReportFiles.tree(result.settings()));
  }

  private static void energy(Html html, JsonNode energy) {
    html.open("section").element("h2", "Energy");
    if (energy.isEmpty()) {
      HtmlReport.note(html, "Nothing was measured.");
    } else {
      object(html, energy);
      HtmlReport.note(
          html,
          "Only what a meter measured is listed, nothing is estimated. A total that is unknown"
              + " would have lacked a part, or counted one twice.");
    }
    html.close();
  }

  private static void section(Html html, String title, JsonNode node) {
    if (node.isEmpty()) {
      return;
    }
    html.open("section").element("h2", title);
    object(html, node);
    html.close();
  }

  /** Plain values first, in one table; then what has parts, each under its name. */
  private static void object(Html html, JsonNode node) {
    List<Map.Entry<String, JsonNode>> plain = new ArrayList<>();
    List<Map.Entry<String, JsonNode>> nested = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      (isNested(entry.getValue()) ? nested : plain).add(entry);
    }
    if (!plain.isEmpty()) {
      Table table = Table.texts(html);
      for (Map.Entry<String, JsonNode> entry : plain) {
        row(table, entry.getKey(), entry.getValue());
      }
      table.end();
    }
    for (Map.Entry<String, JsonNode> entry : nested) {
      html.open("div", "class", "nested").element("h3", label(entry.getKey()));
      if (entry.getValue().isArray()) {
        list(html, entry.getValue());
      } else {
        object(html, entry.getValue());
      }
      html.close();
    }
  }

  private static void row(Table table, String name, JsonNode node) {
    if (name.endsWith(BYTES) && node.isIntegralNumber()) {
      String what = name.substring(0, name.length() - BYTES.length());
      table
          .row(label(what))
          .cell(node.longValue() == 0 ? "unknown" : Format.bytes(node.longValue()));
    } else {
      String value = inline(node);
      table.row(label(name)).cell(value.isEmpty() ? "none" : value);
    }
  }

  private static boolean isNested(JsonNode node) {
    return !node.isEmpty() && (node.isObject() || (node.isArray() && node.get(0).isObject()));
  }

  private static void list(Html html, JsonNode list) {
    Set<String> names = new LinkedHashSet<>();
    list.forEach(item -> item.fieldNames().forEachRemaining(names::add));
    Table table = Table.texts(html, names.stream().map(Details::label).toArray(String[]::new));
    for (JsonNode item : list) {
      boolean isFirst = true;
      for (String name : names) {
        String value = item.has(name) ? inline(item.get(name)) : "";
        if (isFirst) {
          table.row(value);
        } else {
          table.cell(value);
        }
        isFirst = false;
      }
    }
    table.end();
  }

  /** A value on one line; empty if there is nothing to say. */
  static String inline(JsonNode node) {
    if (node.isObject()) {
      List<String> parts = new ArrayList<>();
      for (Map.Entry<String, JsonNode> entry : node.properties()) {
        String value = inline(entry.getValue());
        if (!value.isEmpty()) {
          parts.add(named(entry.getKey(), value));
        }
      }
      return String.join(" · ", parts);
    }
    if (node.isArray()) {
      List<String> parts = new ArrayList<>();
      node.forEach(item -> parts.add(inline(item)));
      return String.join(", ", parts);
    }
    if (node.isNull()) {
      return "unknown";
    }
    if (node.isBoolean()) {
      return node.booleanValue() ? "yes" : "no";
    }
    return node.isFloatingPointNumber() ? Format.tick(node.doubleValue()) : node.asText();
  }

  /** A value after its name, its unit after it: {@code rtt_ms} and 30 are "rtt 30 ms". */
  static String named(String name, String value) {
    String[] label = label(name).split(", ", 2);
    return label[0] + " " + value + (label.length == 2 ? " " + label[1] : "");
  }

  /** A name from JSON as people write it: {@code rtt_ms} is "rtt, ms". */
  static String label(String name) {
    String words = name.replace('_', ' ');
    Matcher matcher = UNIT.matcher(words.toLowerCase(Locale.ROOT));
    return matcher.matches() ? words.substring(0, matcher.end(1)) + ", " + matcher.group(2) : words;
  }
}
