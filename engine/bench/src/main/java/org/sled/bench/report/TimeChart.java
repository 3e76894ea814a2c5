package org.sled.bench.report;

import java.util.List;
import java.util.function.ToDoubleFunction;

/** A quantity over time, as steps, a tip for each. */
final class TimeChart {
  private static final int X_TICKS = 8;
  private static final int Y_TICKS = 6;

  /** More repetitions than this have no room for their numbers. */
  private static final int MAX_NUMBERED_RUNS = 12;

  private final Timeline timeline;
  private final Plot plot;
  private final ToDoubleFunction<Timeline.Sample> value;

  private TimeChart(Timeline timeline, Plot plot, ToDoubleFunction<Timeline.Sample> value) {
    this.timeline = timeline;
    this.plot = plot;
    this.value = value;
  }

  /**
   * Tokens per second.
   *
   * @param mean drawn across; null for none
   */
  static void throughput(Html html, Timeline timeline, Double mean) {
    draw(
        html,
        timeline,
        "Throughput over time",
        new Plot.Legend("throughput", "tokens/s"),
        Timeline.Sample::tokensPerSecond,
        mean);
  }

  /** Requests that are under way. */
  static void activeRequests(Html html, Timeline timeline) {
    draw(
        html,
        timeline,
        "Active requests over time",
        new Plot.Legend("active", "active requests"),
        Timeline.Sample::activeRequests,
        null);
  }

  private static void draw(
      Html html,
      Timeline timeline,
      String title,
      Plot.Legend legend,
      ToDoubleFunction<Timeline.Sample> value,
      Double mean) {
    double high = timeline.samples().stream().mapToDouble(value).max().orElse(0);
    Scale y = Scale.linear(Math.max(high, mean == null ? 0 : mean), Y_TICKS);
    Plot plot = new Plot(html, Scale.span(timeline.seconds(), X_TICKS), y, title);
    plot.axes("time, s", legend.name());
    plot.legend(
        mean == null
            ? List.of(legend)
            : List.of(legend, Plot.Legend.reference("mean " + Format.number(mean))));
    TimeChart chart = new TimeChart(timeline, plot, value);
    chart.runs();
    chart.steps(legend.style());
    if (mean != null) {
      plot.reference(mean);
    }
    chart.tips(legend.name());
    plot.close();
  }

  private void runs() {
    List<Double> starts = timeline.runStarts();
    for (int run = 0; starts.size() > 1 && run < starts.size(); run++) {
      double x = plot.x(starts.get(run));
      plot.line("run", x, plot.top(), x, plot.bottom());
      if (starts.size() <= MAX_NUMBERED_RUNS) {
        plot.label("tick run-name", x + 3, plot.top() + 10, "#" + (run + 1));
      }
    }
  }

  /** Draws an area for each repetition, with a line on top of it. */
  private void steps(String style) {
    StringBuilder line = new StringBuilder();
    StringBuilder area = new StringBuilder();
    int run = -1;
    for (Timeline.Sample sample : timeline.samples()) {
      String from = Format.pixels(plot.x(sample.start()));
      String to = Format.pixels(plot.x(sample.end()));
      String y = Format.pixels(plot.y(value.applyAsDouble(sample)));
      String bottom = Format.pixels(plot.bottom());
      line.append(sample.run() == run ? "V" + y : "M" + from + " " + y).append("H").append(to);
      area.append("M").append(from).append(' ').append(bottom).append("V").append(y);
      area.append("H").append(to).append("V").append(bottom).append("Z");
      run = sample.run();
    }
    plot.path("area " + style, area);
    plot.path("line " + style, line);
  }

  private void tips(String name) {
    for (Timeline.Sample sample : timeline.samples()) {
      double start = timeline.runStarts().get(sample.run());
      plot.column(
          "tip",
          plot.x(sample.start()),
          plot.x(sample.end()),
          plot.top(),
          "repetition "
              + (sample.run() + 1)
              + ", "
              + Format.number(sample.start() - start)
              + " to "
              + Format.unit(Format.number(sample.end() - start), "s")
              + ": "
              + Format.number(value.applyAsDouble(sample))
              + " "
              + name);
    }
  }
}
