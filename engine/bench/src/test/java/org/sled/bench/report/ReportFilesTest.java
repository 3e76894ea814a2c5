package org.sled.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sled.bench.load.BenchRuns;
import org.sled.bench.load.Goodput;
import org.sled.bench.load.Metric;

final class ReportFilesTest {
  @TempDir Path directory;

  private JsonNode write(List<RunOutcome> runs) throws Exception {
    BenchResult result =
        new ResultBuilder(runs)
            .build(
                new ResultBuilder.Context(
                    "2026-01-01T00:00:00Z",
                    List.of("sled", "bench"),
                    Map.of("duration", 1),
                    new Environment("cpu", 2, 1, "Linux", "17", "0", Map.of()),
                    Map.of("model", "m"),
                    Goodput.parse("ttft:1000"),
                    null,
                    null,
                    null));
    ReportFiles.write(directory, result, runs);
    return new ObjectMapper().readTree(directory.resolve(ReportFiles.RESULT).toFile());
  }

  /** Sums what the log's slices hold of each tag, as any tool would. */
  private Map<String, Histogram> readLog() throws Exception {
    Map<String, Histogram> sums = new HashMap<>();
    HistogramLogReader reader = new HistogramLogReader(directory.resolve(ReportFiles.LOG).toFile());
    for (Histogram slice = (Histogram) reader.nextIntervalHistogram();
        slice != null;
        slice = (Histogram) reader.nextIntervalHistogram()) {
      sums.computeIfAbsent(slice.getTag(), tag -> new Histogram(3)).add(slice);
    }
    reader.close();
    return sums;
  }

  @Test
  void jsonLogAndDistributionsAgree() throws Exception {
    JsonNode result = write(List.of(BenchRuns.ofFakeDevices(3), BenchRuns.ofFakeDevices(3)));
    Map<String, Histogram> log = readLog();
    for (Metric metric : List.of(Metric.TTFT, Metric.TPOT, Metric.ITL, Metric.E2E)) {
      JsonNode json = result.path(metric.tag() + "_ms");
      Histogram histogram = log.get(metric.tag());
      assertNotNull(histogram, metric.tag());
      assertEquals(histogram.getTotalCount(), json.path("count").asLong());
      for (double percentile : new double[] {50, 90, 99, 99.9}) {
        String name = "p" + (percentile == 99.9 ? "99.9" : String.valueOf((int) percentile));
        assertEquals(
            histogram.getValueAtPercentile(percentile) / 1e3,
            json.path(name).asDouble(),
            1e-9,
            metric + " " + name);
      }
      assertEquals(histogram.getMaxValue() / 1e3, json.path("max").asDouble(), 1e-9);
      String hgrm =
          Files.readString(directory.resolve(metric.tag() + ".hgrm"), StandardCharsets.UTF_8);
      assertTrue(hgrm.contains("Percentile"), "a percentile distribution");
      assertTrue(
          hgrm.contains("Total count    = " + String.format("%12d", histogram.getTotalCount())),
          hgrm);
    }
  }

  @Test
  void theResultHasWhatIsPromised() throws Exception {
    JsonNode result = write(List.of(BenchRuns.ofFakeDevices(2)));
    for (String name :
        List.of(
            "tokens_per_second",
            "acceptance_per_position",
            "accepted_share",
            "ttft_ms",
            "wait_ms",
            "tpot_ms",
            "e2e_ms",
            "round_ms",
            "phases",
            "bytes",
            "energy",
            "confidence",
            "command",
            "settings",
            "environment",
            "server")) {
      assertTrue(result.has(name), name);
    }
    assertTrue(result.path("tokens_per_second").asDouble() > 0);
    assertEquals(1.0, result.at("/goodput/share").asDouble(), 1e-9);
    assertTrue(result.path("round_ms").isNull(), "fake devices have no rounds");
    assertTrue(Files.size(directory.resolve(ReportFiles.PAGE)) > 0);
  }

  @Test
  void aComparisonHasRatiosAndSaysWhatDiffers() throws Exception {
    write(List.of(BenchRuns.ofFakeDevices(2)));
    Path result = directory.resolve(ReportFiles.RESULT);
    Comparison same = Comparison.of(result, result);
    assertTrue(same.differences().isEmpty());
    assertTrue(same.rows().stream().allMatch(row -> row.ratio() == 1));
    assertTrue(same.rows().stream().anyMatch(row -> row.name().equals("tokens_per_second")));
    Path other = directory.resolve("other.json");
    Files.writeString(
        other,
        Files.readString(result, StandardCharsets.UTF_8)
            .replace("\"duration\" : 1", "\"duration\" : 2"),
        StandardCharsets.UTF_8);
    assertEquals(List.of("differs: duration: 1 / 2"), Comparison.of(result, other).differences());
  }

  @Test
  void intervalsAreStudents() {
    Estimate estimate = Estimate.of(Arrays.asList(10.0, 12.0, 14.0, null));
    assertEquals(12, estimate.mean(), 1e-9);
    // s = 2, n = 3: 12 ± 4.303 · 2 / √3
    assertEquals(12 - 4.969, estimate.low(), 1e-3);
    assertEquals(12 + 4.969, estimate.high(), 1e-3);
    assertEquals(3, estimate.repetitions());
    assertEquals(null, Estimate.of(List.of(1.0)).low());
    assertEquals(null, Estimate.of(Arrays.asList((Double) null)));
  }

  @Test
  void anEmptyRunMakesAReportToo() throws Exception {
    JsonNode result = write(List.of(BenchRuns.thatFailed()));
    assertEquals(0, result.at("/requests/completed").asInt());
    assertTrue(result.path("ttft_ms").isNull());
  }
}
