package org.sled.bench.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What was run, in a few lines, and the command that repeats it. The lines are drawn from the
 * settings by their names; which of these there are is the caller's business, so that a line whose
 * names are all unknown is left out. All settings stand at the end of the page.
 */
final class RunSummary {
  private static final List<Line> LINES =
      List.of(
          new Line("Mode", "mode"),
          new Line("Target model", "target"),
          new Line("Draft model", "model"),
          new Line(
              "Load",
              "concurrency",
              "request_rate",
              "burstiness",
              "num_prompts",
              "duration",
              "warmup",
              "repetitions",
              "seed"),
          new Line("Workload", "prompts", "max_tokens", "ignore_end"),
          new Line("Link", "rtt", "jitter", "bandwidth"),
          new Line("Drafts", "draft_tokens", "device_tokens_per_second"),
          new Line("Sampling", "temperature", "top_k", "top_p", "min_p"));

  /** Words that a shell takes as they are. */
  private static final Pattern PLAIN_WORD = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

  private RunSummary() {}

  private record Line(String title, Set<String> names) {
    Line(String title, String... names) {
      this(title, new LinkedHashSet<>(List.of(names)));
    }
  }

  static void write(Html html, BenchResult result) {
    html.open("section").element("h2", "What was run");
    Table table = Table.texts(html);
    JsonNode settings = ReportFiles.tree(result.settings());
    for (Line line : LINES) {
      String text = text(line, settings);
      if (!text.isEmpty()) {
        table.row(line.title()).cell(text);
      }
    }
    String server = Details.inline(ReportFiles.tree(result.server()));
    table.row("The server says").cell(server.isEmpty() ? "nothing of itself" : server);
    if (result.replay() != null) {
      table.row("Replayed trace").cell(result.replay().trace());
    }
    table.end();
    if (result.command() != null && !result.command().isEmpty()) {
      command(html, result.command());
    }
    html.close();
  }

  private static String text(Line line, JsonNode settings) {
    List<String> parts = new ArrayList<>();
    for (Map.Entry<String, JsonNode> setting : settings.properties()) {
      String name = setting.getKey().toLowerCase(Locale.ROOT).replace('-', '_').replace(' ', '_');
      String value = Details.inline(setting.getValue());
      if (line.names().contains(name) && !value.isEmpty()) {
        boolean isInTitle = line.title().toLowerCase(Locale.ROOT).contains(Details.label(name));
        parts.add(isInTitle ? value : Details.named(name, value));
      }
    }
    return String.join(" · ", parts);
  }

  private static void command(Html html, List<String> words) {
    html.element("h3", "To repeat it").open("pre");
    for (String word : words) {
      // Lines must not be broken behind the hyphens of an option.
      html.open("span", "class", "word").text(quoted(word)).closeInLine().text(" ");
    }
    html.close();
  }

  /** A word for a shell, quoted if it must be. */
  static String quoted(String word) {
    return PLAIN_WORD.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
