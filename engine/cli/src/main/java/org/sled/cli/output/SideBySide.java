package org.sled.cli.output;

import java.util.ArrayList;
import java.util.List;

/** Two texts in two columns. */
public final class SideBySide {
  private static final String GAP = "  |  ";

  private SideBySide() {}

  /**
   * Lays two texts out.
   *
   * @param columnWidth characters of each column
   * @return the lines, without trailing blanks
   */
  public static List<String> lines(
      String leftTitle, String left, String rightTitle, String right, int columnWidth) {
    List<String> leftLines = wrap(left, columnWidth);
    List<String> rightLines = wrap(right, columnWidth);
    List<String> lines = new ArrayList<>();
    lines.add(row(leftTitle, rightTitle, columnWidth));
    lines.add("-".repeat(columnWidth) + "--+--" + "-".repeat(columnWidth));
    for (int i = 0; i < Math.max(leftLines.size(), rightLines.size()); i++) {
      lines.add(
          row(
              i < leftLines.size() ? leftLines.get(i) : "",
              i < rightLines.size() ? rightLines.get(i) : "",
              columnWidth));
    }
    return lines;
  }

  private static String row(String left, String right, int columnWidth) {
    String padding = " ".repeat(Math.max(0, columnWidth - left.length()));
    return (left + padding + GAP + right).stripTrailing();
  }

  /** Breaks at blanks, and within words that are longer than a line. */
  static List<String> wrap(String text, int width) {
    List<String> lines = new ArrayList<>();
    for (String paragraph : text.strip().split("\n", -1)) {
      StringBuilder line = new StringBuilder();
      for (String word : paragraph.split(" ", -1)) {
        String rest = word;
        if (line.length() > 0 && line.length() + 1 + rest.length() > width) {
          lines.add(line.toString());
          line.setLength(0);
        }
        while (rest.length() > width) {
          lines.add(rest.substring(0, width));
          rest = rest.substring(width);
        }
        if (line.length() > 0) {
          line.append(' ');
        }
        line.append(rest);
      }
      lines.add(line.toString());
    }
    return lines;
  }
}
