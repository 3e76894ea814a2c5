package org.sled.cli.demo;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.sled.bench.report.Rounding;
import org.sled.cli.output.StreamTotals;

/**
 * The state of the demo's devices on stderr: a table that is drawn anew on a terminal, a line now
 * and then elsewhere. One thread.
 */
final class LiveTable {
  private static final String LINE_UP = "\u001b[1A";
  private static final String CLEAR_LINE = "\u001b[2K";
  private static final double NANOS_PER_SECOND = 1e9;
  private static final double MICROS_PER_MILLI = 1e3;

  /** Devices that are shown; a table must not be higher than a terminal. */
  private static final int MAX_ROWS = 16;

  /** Without a terminal: refreshes between two lines. */
  private static final int QUIET_REFRESHES = 5;

  private final PrintStream err;
  private final boolean terminal;
  private final List<DemoDevice> devices;
  private final long startNanos = System.nanoTime();
  private int drawnLines;
  private int refreshes;

  LiveTable(PrintStream err, boolean terminal, List<DemoDevice> devices) {
    this.err = err;
    this.terminal = terminal;
    this.devices = devices;
  }

  void refresh() {
    refreshes++;
    double seconds = (System.nanoTime() - startNanos) / NANOS_PER_SECOND;
    if (terminal) {
      draw(table(seconds));
    } else if (refreshes % QUIET_REFRESHES == 0) {
      long tokens = 0;
      for (DemoDevice device : devices) {
        tokens += device.stats().tokens();
      }
      err.printf(
          Locale.ROOT,
          "%5.1f s  %d tokens, %s tokens/s%n",
          seconds,
          tokens,
          Rounding.text("%.1f", tokens / seconds));
    }
  }

  private List<String> table(double seconds) {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            "%-8s %8s %8s %10s %10s %12s %12s",
            "device", "stories", "tokens", "tokens/s", "accepted", "round p50", "round p99"));
    StreamTotals all = new StreamTotals();
    int stories = 0;
    for (int i = 0; i < devices.size(); i++) {
      DemoDevice device = devices.get(i);
      device.addTo(all);
      stories += device.storiesDone();
      if (i < MAX_ROWS) {
        lines.add(row(String.valueOf(i + 1), device.storiesDone(), device.stats(), seconds));
      }
    }
    lines.add(row("all " + devices.size(), stories, all, seconds));
    return lines;
  }

  private static String row(String name, int stories, StreamTotals stats, double seconds) {
    return String.format(
        Locale.ROOT,
        "%-8s %8d %8d %10s %10s %12s %12s",
        name,
        stories,
        stats.tokens(),
        Rounding.text("%.1f", stats.tokens() / seconds),
        share(stats),
        millis(stats, 50),
        millis(stats, 99));
  }

  private static String share(StreamTotals stats) {
    return stats.drafted() == 0 ? "-" : String.format(Locale.ROOT, "%.2f", stats.acceptedShare());
  }

  private static String millis(StreamTotals stats, double percentile) {
    return stats.roundMicros().getTotalCount() == 0
        ? "-"
        : String.format(
            Locale.ROOT,
            "%.1f ms",
            stats.roundMicros().getValueAtPercentile(percentile) / MICROS_PER_MILLI);
  }

  private void draw(List<String> lines) {
    StringBuilder text = new StringBuilder(LINE_UP.repeat(drawnLines));
    for (String line : lines) {
      text.append(CLEAR_LINE).append(line).append('\n');
    }
    drawnLines = lines.size();
    err.print(text);
    err.flush();
  }
}
