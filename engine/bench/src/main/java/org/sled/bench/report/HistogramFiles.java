package org.sled.bench.report;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogWriter;
import org.sled.bench.load.Metric;

/**
 * The files that HdrHistogram's usual tools open: one {@code .hlog} with a slice per second and a
 * tag per metric, in µs, and for each metric the percentile distribution of the whole as {@code
 * .hgrm}, in ms.
 */
final class HistogramFiles {
  private static final double MICROS_PER_MILLI = 1_000;
  private static final int TICKS_PER_HALF_DISTANCE = 5;

  private HistogramFiles() {}

  /** Writes the slices of all runs, one after another. */
  static void writeLog(Path file, List<RunRecord> runs) throws IOException {
    try (PrintStream out = print(file)) {
      HistogramLogWriter log = new HistogramLogWriter(out);
      log.outputComment("[values are microseconds; one tag per metric]");
      log.outputLogFormatVersion();
      long start = startMillis(runs);
      log.outputStartTime(start);
      log.setBaseTime(start);
      log.outputBaseTime(start);
      log.outputLegend();
      for (RunRecord run : runs) {
        for (RunRecord.Slice slice : run.slices()) {
          slice.histograms().forEach(log::outputIntervalHistogram);
        }
      }
    }
  }

  private static long startMillis(List<RunRecord> runs) {
    for (RunRecord run : runs) {
      for (RunRecord.Slice slice : run.slices()) {
        for (Histogram histogram : slice.histograms()) {
          return histogram.getStartTimeStamp();
        }
      }
    }
    return System.currentTimeMillis();
  }

  /** Writes one distribution per metric that has values. */
  static void writeDistributions(Path directory, Map<Metric, Histogram> totals) throws IOException {
    for (Map.Entry<Metric, Histogram> entry : totals.entrySet()) {
      Path file = directory.resolve(entry.getKey().tag() + ".hgrm");
      if (entry.getValue().getTotalCount() == 0) {
        Files.deleteIfExists(file); // of an earlier run into the same directory
        continue;
      }
      try (PrintStream out = print(file)) {
        entry
            .getValue()
            .outputPercentileDistribution(out, TICKS_PER_HALF_DISTANCE, MICROS_PER_MILLI);
      }
    }
  }

  private static PrintStream print(Path file) throws IOException {
    OutputStream out = Files.newOutputStream(file);
    return new PrintStream(out, false, StandardCharsets.UTF_8);
  }
}
