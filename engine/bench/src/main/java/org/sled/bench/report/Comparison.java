package org.sled.bench.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Two results side by side.
 *
 * @param rows numbers that both have
 * @param differences settings that differ, in words: what the ratios may come from
 */
public record Comparison(List<Row> rows, List<String> differences) {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** Names in a result, with their paths. */
  private static final List<String> NUMBERS =
      List.of(
          "/tokens_per_second",
          "/requests_per_second",
          "/accepted_share",
          "/ttft_ms/p50",
          "/ttft_ms/p99",
          "/tpot_ms/p50",
          "/tpot_ms/p99",
          "/itl_ms/p50",
          "/itl_ms/p99",
          "/e2e_ms/p50",
          "/e2e_ms/p99",
          "/round_ms/p50",
          "/round_ms/p99",
          "/bytes/up_per_token",
          "/bytes/down_per_token",
          "/server_cpu/millis_per_token",
          "/energy/joules_per_token");

  /**
   * One number.
   *
   * @param name what it is
   * @param a in the first result
   * @param b in the second
   */
  public record Row(String name, double a, double b) {
    /** The second by the first. */
    public double ratio() {
      return b / a;
    }
  }

  /**
   * Reads two results.
   *
   * @throws IOException if one cannot be read, or is none
   */
  public static Comparison of(Path first, Path second) throws IOException {
    JsonNode a = read(first);
    JsonNode b = read(second);
    List<Row> rows = new ArrayList<>();
    for (String pointer : NUMBERS) {
      if (a.at(pointer).isNumber() && b.at(pointer).isNumber()) {
        rows.add(
            new Row(
                pointer.substring(1).replace('/', ' '),
                a.at(pointer).asDouble(),
                b.at(pointer).asDouble()));
      }
    }
    List<String> differences = new ArrayList<>();
    compare("", a.path("settings"), b.path("settings"), differences);
    compare("environment ", a.path("environment"), b.path("environment"), differences);
    for (String name : List.of("model", "numerics", "numerics_id")) {
      differ("server " + name, a.at("/server/" + name), b.at("/server/" + name), differences);
    }
    return new Comparison(rows, differences);
  }

  private static JsonNode read(Path file) throws IOException {
    JsonNode result;
    try {
      result = MAPPER.readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      throw new IOException(file + " is no result of sled bench: " + e.getOriginalMessage(), e);
    }
    if (!result.path("tool").asText().equals("sled bench")) {
      throw new IOException(file + " is no result of sled bench");
    }
    return result;
  }

  private static void compare(String prefix, JsonNode a, JsonNode b, List<String> differences) {
    Set<String> names = new TreeSet<>();
    for (Iterator<String> i = a.fieldNames(); i.hasNext(); ) {
      names.add(i.next());
    }
    for (Iterator<String> i = b.fieldNames(); i.hasNext(); ) {
      names.add(i.next());
    }
    for (String name : names) {
      differ(prefix + name, a.path(name), b.path(name), differences);
    }
  }

  private static void differ(String name, JsonNode a, JsonNode b, List<String> differences) {
    if (!a.equals(b)) {
      differences.add("differs: " + name + ": " + text(a) + " / " + text(b));
    }
  }

  private static String text(JsonNode value) {
    return value.isMissingNode() || value.isNull() ? "-" : value.asText(value.toString());
  }
}
