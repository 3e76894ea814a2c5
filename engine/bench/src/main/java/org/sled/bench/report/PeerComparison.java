package org.sled.bench.report;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Several systems side by side, under the same load.
 *
 * @param created when, ISO 8601
 * @param command the command line that repeats it
 * @param settings everything that was chosen
 * @param environment the machine and the software
 * @param systems what was measured, each with how it was started
 * @param tpotSloMs objective for the capacity, ms
 * @param sloPercentile of the requests that must hold it
 * @param cells one per system, round trip time and number of devices
 * @param capacities one per system and round trip time
 * @param floor the native floor, as llama-batched-bench measures it; empty if it was not asked for
 * @param singleStream a single stream without a server; empty if it was not asked for
 * @param skipped what was not measured, and why
 */
public record PeerComparison(
    String created,
    List<String> command,
    Map<String, Object> settings,
    Environment environment,
    Map<String, List<String>> systems,
    double tpotSloMs,
    double sloPercentile,
    List<Cell> cells,
    List<Capacity> capacities,
    List<Floor> floor,
    List<SingleStream> singleStream,
    List<String> skipped) {

  /**
   * One system under one load.
   *
   * @param system its name
   * @param rttMs emulated round trip time, ms
   * @param devices closed loop
   * @param tokensPerSecond of all devices, over the repetitions
   * @param ttftMs time to first token
   * @param tpotMs time per output token
   * @param sloTpotMs TPOT at the objective's percentile, ms; null if no request ended
   * @param acceptedShare accepted ÷ drafted; null where it does not tell
   * @param bytesUpPerToken bytes of the application protocol to the server
   * @param bytesDownPerToken and from it
   * @param serverCpuMsPerToken processor time of the server's process for each token, ms
   * @param sameTextShare generations that are the target's, as it was recorded, token by token
   * @param requests that ended
   * @param failed requests
   * @param firstFailure why the first of them failed; null if none did
   */
  public record Cell(
      String system,
      double rttMs,
      int devices,
      Estimate tokensPerSecond,
      Distribution ttftMs,
      Distribution tpotMs,
      Double sloTpotMs,
      Double acceptedShare,
      Double bytesUpPerToken,
      Double bytesDownPerToken,
      Double serverCpuMsPerToken,
      Double sameTextShare,
      long requests,
      long failed,
      String firstFailure) {}

  /**
   * The largest number of devices of those measured that holds the objective.
   *
   * @param devices 0 if not even the smallest does
   * @param atLeast whether the largest one does, so that the truth may be more
   */
  public record Capacity(String system, double rttMs, int devices, boolean atLeast) {}

  /**
   * llama-batched-bench: one token per sequence and step, no server, no network.
   *
   * @param sequences at once
   * @param promptTokens of each
   * @param tokensPerSecond of all of them
   */
  public record Floor(int sequences, int promptTokens, double tokensPerSecond) {}

  /**
   * A single stream in one process, without a server.
   *
   * @param system who generates
   * @param tokensPerSecond behind the first token
   * @param ttftMs time to first token, ms
   */
  public record SingleStream(String system, double tokensPerSecond, double ttftMs) {}

  /** The tables as Markdown, readable as they stand. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    Set<Double> rtts = new LinkedHashSet<>();
    cells.forEach(cell -> rtts.add(cell.rttMs()));
    for (double rtt : rtts) {
      lines.add(String.format(Locale.ROOT, "RTT %s ms", Format.tick(rtt)));
      lines.add("");
      cellTable(lines, rtt);
      lines.add("");
      capacityTable(lines, rtt);
      lines.add("");
    }
    if (!floor.isEmpty()) {
      lines.add("Native floor (llama-batched-bench: one token per sequence and step, no server)");
      lines.add("");
      lines.add("| sequences | tokens/s |");
      lines.add("|---:|---:|");
      floor.forEach(
          one ->
              lines.add(
                  String.format(
                      Locale.ROOT, "| %d | %.1f |", one.sequences(), one.tokensPerSecond())));
      lines.add("");
    }
    if (!singleStream.isEmpty()) {
      lines.add("A single stream in one process, without a server");
      lines.add("");
      lines.add("| system | tokens/s | first token, ms |");
      lines.add("|---|---:|---:|");
      singleStream.forEach(
          one ->
              lines.add(
                  String.format(
                      Locale.ROOT,
                      "| %s | %.1f | %.1f |",
                      one.system(),
                      one.tokensPerSecond(),
                      one.ttftMs())));
      lines.add("");
    }
    for (Cell cell : cells) {
      if (cell.failed() > 0) {
        lines.add(
            String.format(
                Locale.ROOT,
                "failed: %d requests of %s with %d devices at %s ms, the first: %s",
                cell.failed(),
                cell.system(),
                cell.devices(),
                Format.tick(cell.rttMs()),
                cell.firstFailure()));
      }
    }
    skipped.forEach(why -> lines.add("skipped: " + why));
    return lines;
  }

  private void cellTable(List<String> lines, double rtt) {
    lines.add(
        "| devices | system             | tokens/s | TPOT p50 | p99 ms | TTFT p50 | bytes up |"
            + " down | same text |");
    lines.add("|---:|:---|---:|---:|---:|---:|---:|---:|---:|");
    for (Cell cell : cells) {
      if (cell.rttMs() == rtt) {
        lines.add(
            String.format(
                Locale.ROOT,
                "| %7d | %-18s | %s | %8s | %6s | %8s | %8s | %4s | %9s |",
                cell.devices(),
                cell.system(),
                rate(cell.tokensPerSecond()),
                one(cell.tpotMs() == null ? null : cell.tpotMs().p50()),
                one(cell.tpotMs() == null ? null : cell.tpotMs().p99()),
                one(cell.ttftMs() == null ? null : cell.ttftMs().p50()),
                one(cell.bytesUpPerToken()),
                one(cell.bytesDownPerToken()),
                cell.sameTextShare() == null
                    ? "-"
                    : String.format(Locale.ROOT, "%.2f", cell.sameTextShare())));
      }
    }
  }

  private void capacityTable(List<String> lines, double rtt) {
    lines.add(
        String.format(
            Locale.ROOT,
            "| capacity at TPOT p%s ≤ %s ms | devices |",
            Format.tick(sloPercentile),
            Format.tick(tpotSloMs)));
    lines.add("|:---|---:|");
    for (Capacity capacity : capacities) {
      if (capacity.rttMs() == rtt) {
        lines.add(
            String.format(
                Locale.ROOT,
                "| %s | %s%d |",
                capacity.system(),
                capacity.atLeast() ? "≥ " : "",
                capacity.devices()));
      }
    }
  }

  private static String rate(Estimate value) {
    if (value == null) {
      return "       -";
    }
    return value.low() == null
        ? String.format(Locale.ROOT, "%8.1f", value.mean())
        : String.format(Locale.ROOT, "%8.1f ± %.1f", value.mean(), value.high() - value.mean());
  }

  private static String one(Double value) {
    return value == null ? "-" : String.format(Locale.ROOT, "%.1f", value);
  }
}
