package org.sled.bench.report;

import java.util.List;

/**
 * The frame of a chart: axes with their titles, grid, legend, and the way from values to pixels.
 * All charts have the same size, at which their text is readable on a narrow screen too; wide ones
 * show two side by side.
 */
final class Plot {
  private static final int WIDTH = 480;
  private static final int HEIGHT = 300;
  private static final int LEFT = 58;
  private static final int RIGHT = 16;
  private static final int TOP = 36;
  private static final int BOTTOM = 46;

  /** Of a character of the legend, about. */
  private static final double CHARACTER_PIXELS = 6.3;

  private static final int LEGEND_LINE = 22;

  private final Html html;
  private final Scale xScale;
  private final Scale yScale;

  /**
   * A line of the legend.
   *
   * @param style class of the style sheet: colour and dashes
   * @param name what it stands for
   */
  record Legend(String style, String name) {
    /** Of {@link #reference}. */
    static Legend reference(String name) {
      return new Legend("reference", name);
    }
  }

  /** Opens the chart; {@link #close} ends it. */
  Plot(Html html, Scale xScale, Scale yScale, String title) {
    this.html = html;
    this.xScale = xScale;
    this.yScale = yScale;
    html.open("svg", "viewBox", "0 0 " + WIDTH + " " + HEIGHT, "role", "img", "aria-label", title);
  }

  double x(double value) {
    return LEFT + xScale.fraction(value) * (WIDTH - LEFT - RIGHT);
  }

  double y(double value) {
    return HEIGHT - BOTTOM - yScale.fraction(value) * (HEIGHT - TOP - BOTTOM);
  }

  /** Where the horizontal axis lies. */
  double bottom() {
    return HEIGHT - BOTTOM;
  }

  double top() {
    return TOP;
  }

  /** Grid, ticks, and what the axes mean. */
  Plot axes(String xTitle, String yTitle) {
    for (Scale.Tick tick : yScale.ticks()) {
      double y = y(tick.value());
      line("grid", LEFT, y, WIDTH - RIGHT, y);
      label("tick end", LEFT - 7, y + 4, tick.label());
    }
    for (Scale.Tick tick : xScale.ticks()) {
      double x = x(tick.value());
      line("axis", x, bottom(), x, bottom() + 4);
      label("tick middle", x, bottom() + 17, tick.label());
    }
    line("axis", LEFT, bottom(), WIDTH - RIGHT, bottom());
    label("axis-title middle", (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 8, xTitle);
    html.element(
        "text",
        yTitle,
        "class",
        "axis-title middle",
        "transform",
        "translate(12 " + (TOP + HEIGHT - BOTTOM) / 2 + ") rotate(-90)");
    return this;
  }

  /** The legend, above the plot. */
  Plot legend(List<Legend> entries) {
    double x = LEFT;
    for (Legend entry : entries) {
      line("line " + entry.style(), x, 14, x + LEGEND_LINE, 14);
      label("tick", x + LEGEND_LINE + 5, 18, entry.name());
      x += LEGEND_LINE + 5 + entry.name().length() * CHARACTER_PIXELS + 14;
    }
    return this;
  }

  /** A value that is drawn from one side to the other; the legend names it. */
  void reference(double yValue) {
    line("reference", LEFT, y(yValue), WIDTH - RIGHT, y(yValue));
  }

  /** A path; its style tells whether it is a line or an area. */
  void path(String style, CharSequence path) {
    html.leaf("path", "class", style, "d", path.toString());
  }

  /** A line between two points, in pixels. */
  void line(String style, double x1, double y1, double x2, double y2) {
    html.leaf(
        "line",
        "class",
        style,
        "x1",
        Format.pixels(x1),
        "y1",
        Format.pixels(y1),
        "x2",
        Format.pixels(x2),
        "y2",
        Format.pixels(y2));
  }

  /** A mark at a point, in pixels, that says something when it is pointed at. */
  void mark(String style, double x, double y, String tip) {
    html.open("circle", "class", style, "cx", Format.pixels(x), "cy", Format.pixels(y), "r", "3.5")
        .element("title", tip)
        .close();
  }

  /** A rectangle from a height down to the axis, in pixels, with a tip. */
  void column(String style, double x1, double x2, double y, String tip) {
    html.open(
            "rect",
            "class",
            style,
            "x",
            Format.pixels(x1),
            "y",
            Format.pixels(y),
            "width",
            Format.pixels(Math.max(0, x2 - x1)),
            "height",
            Format.pixels(Math.max(0, bottom() - y)))
        .element("title", tip)
        .close();
  }

  /** Text at a point, in pixels. */
  void label(String style, double x, double y, String text) {
    html.element("text", text, "class", style, "x", Format.pixels(x), "y", Format.pixels(y));
  }

  /** Ends the chart. */
  void close() {
    html.close();
  }
}
