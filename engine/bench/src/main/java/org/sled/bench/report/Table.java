package org.sled.bench.report;

/** A table whose first column names things and whose others hold numbers. */
final class Table {
  private final Html html;
  private final String cellStyle;
  private boolean isInRow;

  private Table(Html html, String cellStyle) {
    this.html = html;
    this.cellStyle = cellStyle;
  }

  /** Opens a table of numbers; {@link #end} closes it. */
  static Table numbers(Html html, String... headers) {
    return open(html, "number", "wide", headers);
  }

  /** Opens a table of text. */
  static Table texts(Html html, String... headers) {
    return open(html, null, null, headers);
  }

  private static Table open(Html html, String cellStyle, String tableStyle, String... headers) {
    html.open("div", "class", "scroll").open("table", "class", tableStyle);
    if (headers.length > 0) {
      html.open("thead").open("tr");
      for (int i = 0; i < headers.length; i++) {
        html.element("th", header(headers[i]), "scope", "col", "class", i == 0 ? null : cellStyle);
      }
      html.close().close();
    }
    html.open("tbody");
    return new Table(html, cellStyle);
  }

  /** A header's unit stays with the word before it. */
  private static String header(String text) {
    return text.replace(", ", ",\u00a0");
  }

  /** Begins a row. */
  Table row(String name) {
    return row(name, null);
  }

  /** Begins a row, with a patch of colour before its name. */
  Table row(String name, String swatch) {
    endRow();
    html.open("tr").open("th", "scope", "row");
    if (swatch != null) {
      html.element("span", "", "class", "swatch " + swatch);
    }
    html.text(name).close();
    isInRow = true;
    return this;
  }

  /** A cell. */
  Table cell(String text) {
    html.element("td", text, "class", cellStyle);
    return this;
  }

  /** Cells. */
  Table cells(String... texts) {
    for (String text : texts) {
      cell(text);
    }
    return this;
  }

  /** Milliseconds. */
  Table millis(double millis) {
    return cell(Format.number(millis));
  }

  /** A percentile in milliseconds, pale if there are too few values for it. */
  Table percentile(double millis, long values, double percentile) {
    if (PercentileChart.isSupported(values, percentile)) {
      return millis(millis);
    }
    html.element(
        "td",
        Format.number(millis),
        "class",
        "number weak",
        "title",
        "of " + Format.count(values) + " values, too few for this percentile");
    return this;
  }

  /** Closes the table. */
  void end() {
    endRow();
    html.close().close().close();
  }

  private void endRow() {
    if (isInRow) {
      html.close();
    }
    isInRow = false;
  }
}
