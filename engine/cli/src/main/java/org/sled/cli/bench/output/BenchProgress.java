package org.sled.cli.bench.output;

import java.io.PrintStream;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.sled.bench.load.IntervalSink;
import org.sled.bench.load.LoadPlan;
import org.sled.bench.load.Meters;
import org.sled.bench.load.Metric;
import org.sled.bench.report.Rounding;
import org.sled.cli.command.CommandContext;

/**
 * How a run goes, on stderr: a line that is drawn anew on a terminal, one now and then elsewhere.
 */
public final class BenchProgress implements IntervalSink {
  /** Without a terminal: slices between two lines. */
  private static final int QUIET_SLICES = 5;

  private static final String CLEAR_LINE = "\r\u001b[2K";
  private static final double MICROS_PER_MILLI = 1e3;
  private static final double NANOS_PER_SECOND = 1e9;

  private final PrintStream err;
  private final boolean terminal;
  private final LoadPlan plan;
  private final String label;
  private final IntervalSink next;
  private Meters meters;
  private int slices;

  /** Shows a run, and hands what it is told on. */
  public BenchProgress(CommandContext context, LoadPlan plan, String label, IntervalSink next) {
    err = context.err();
    terminal = context.errIsTerminal();
    this.plan = plan;
    this.label = label;
    this.next = next;
  }

  /** Whose counts are shown. */
  public void watch(Meters newMeters) {
    meters = newMeters;
  }

  @Override
  public void interval(
      long startNanos,
      long endNanos,
      Map<Metric, Histogram> histograms,
      long tokens,
      int activeRequests) {
    next.interval(startNanos, endNanos, histograms, tokens, activeRequests);
    slices++;
    if (terminal || slices % QUIET_SLICES == 0) {
      String line = line(startNanos, endNanos, histograms, tokens, activeRequests);
      err.print(terminal ? CLEAR_LINE + line : line + "\n");
      err.flush();
    }
  }

  private String line(
      long startNanos,
      long endNanos,
      Map<Metric, Histogram> histograms,
      long tokens,
      int activeRequests) {
    double seconds = endNanos / NANOS_PER_SECOND;
    boolean warmsUp = endNanos < plan.warmup().toNanos();
    StringBuilder line =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "%s%4.0f s  %7s tokens/s  %3d active  %4d done",
                label,
                seconds,
                Rounding.text("%.1f", tokens * NANOS_PER_SECOND / (endNanos - startNanos)),
                activeRequests,
                meters.requestsDone()));
    Histogram itl = histograms.get(Metric.ITL);
    if (itl.getTotalCount() > 0) {
      line.append(
          String.format(
              Locale.ROOT,
              "  bursts every %.1f ms (p99 %.1f)",
              itl.getValueAtPercentile(50) / MICROS_PER_MILLI,
              itl.getValueAtPercentile(99) / MICROS_PER_MILLI));
    }
    if (meters.requestsFailed() > 0) {
      line.append("  ").append(meters.requestsFailed()).append(" FAILED");
    }
    return line.append(warmsUp ? "  (warm-up)" : "").toString();
  }

  /** Ends the line that is drawn anew. */
  public void end() {
    if (terminal && slices > 0) {
      err.println();
    }
  }
}
