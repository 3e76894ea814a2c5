package org.sled.bench.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The files of a report's directory. */
public final class ReportFiles {
  /** Name of the JSON result. */
  public static final String RESULT = "result.json";

  /** Name of the HdrHistogram log. */
  public static final String LOG = "latencies.hlog";

  /** Name of a comparison with peers, as JSON; the same as Markdown ends with .md. */
  public static final String COMPARISON = "comparison.json";

  /** Name of the page. */
  public static final String PAGE = "report.html";

  private static final ObjectMapper MAPPER =
      new ObjectMapper()
          .registerModule(new FiniteNumbers())
          .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT);

  private ReportFiles() {}

  /**
   * Writes all of them; files of an earlier run there are replaced.
   *
   * @param directory is made if it is missing
   */
  public static void write(Path directory, BenchResult result, List<RunOutcome> runs)
      throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve(RESULT), json(result), StandardCharsets.UTF_8);
    HistogramFiles.writeLog(directory.resolve(LOG), runs.stream().map(RunOutcome::record).toList());
    ResultBuilder builder = new ResultBuilder(runs);
    HistogramFiles.writeDistributions(directory, builder.totals());
    Files.writeString(
        directory.resolve(PAGE),
        HtmlReport.page(result, runs, builder.totals()),
        StandardCharsets.UTF_8);
  }

  /** Writes a comparison with peers. */
  public static void write(Path directory, PeerComparison comparison) throws IOException {
    Files.createDirectories(directory);
    Path json = directory.resolve(COMPARISON);
    Files.writeString(json, json(comparison), StandardCharsets.UTF_8);
    Files.writeString(
        directory.resolve(COMPARISON.replace(".json", ".md")),
        String.join("\n", comparison.lines()) + "\n",
        StandardCharsets.UTF_8);
  }

  /**
   * Reads what {@link #json} wrote.
   *
   * @throws IOException if it cannot be read, or is something else
   */
  public static <T> T read(Path file, Class<T> type) throws IOException {
    try {
      return MAPPER.readValue(Files.readAllBytes(file), type);
    } catch (JsonProcessingException e) {
      throw new IOException(e.getOriginalMessage(), e);
    }
  }

  /** Anything as it would stand in JSON. */
  static JsonNode tree(Object value) {
    return MAPPER.valueToTree(value);
  }

  /** A result as JSON. */
  public static String json(Object result) {
    try {
      return MAPPER.writeValueAsString(result) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a result that is no JSON", e);
    }
  }
}
