package org.sled.bench.report;

import java.util.List;
import java.util.stream.IntStream;

/** P(draft i matches, given that all before it did), a bar per position. */
final class AcceptanceChart {
  private static final int Y_TICKS = 5;

  /** More bars than this are too thin for a number above each. */
  private static final int MAX_LABELLED = 12;

  /** Of a bar's place, left free on each side. */
  private static final double GAP = 0.14;

  private AcceptanceChart() {}

  /** Draws the chart; shares that are null leave a hole. */
  static void draw(Html html, List<Double> shares) {
    int step = Math.max(1, (shares.size() + MAX_LABELLED - 1) / MAX_LABELLED);
    List<Scale.Tick> ticks =
        IntStream.iterate(0, i -> i < shares.size(), i -> i + step)
            .mapToObj(i -> new Scale.Tick(i + 0.5, String.valueOf(i + 1)))
            .toList();
    Scale x = new Scale(Scale.Kind.LINEAR, 0, shares.size(), ticks);
    Plot plot = new Plot(html, x, Scale.linear(100, Y_TICKS), "Acceptance per position");
    plot.axes("position in the block", "matches, %");
    for (int i = 0; i < shares.size(); i++) {
      if (shares.get(i) != null) {
        double y = plot.y(shares.get(i) * 100);
        plot.column(
            "bar",
            plot.x(i + GAP),
            plot.x(i + 1 - GAP),
            y,
            "position " + (i + 1) + ": " + Format.percent(shares.get(i)));
        if (shares.size() <= MAX_LABELLED) {
          plot.label(
              "tick middle",
              plot.x(i + 0.5),
              y - 5,
              String.valueOf(Math.round(shares.get(i) * 100)));
        }
      }
    }
    plot.close();
  }
}
