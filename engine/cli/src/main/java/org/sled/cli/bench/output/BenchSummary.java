package org.sled.cli.bench.output;

import java.io.PrintStream;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.sled.bench.cost.Bound;
import org.sled.bench.load.LoadPlan;
import org.sled.bench.report.BenchResult;
import org.sled.bench.report.BoundResult;
import org.sled.bench.report.CapacityResult;
import org.sled.bench.report.Distribution;
import org.sled.bench.report.EnergyResult;
import org.sled.bench.report.Estimate;

/** A result on the terminal. */
final class BenchSummary {
  private final PrintStream out;

  BenchSummary(PrintStream out) {
    this.out = out;
  }

  void print(BenchResult result, LoadPlan plan) {
    line(
        "load",
        plan.isOpenLoop()
            ? String.format(
                Locale.ROOT,
                "open loop, %.2f requests/s over at most %d devices",
                plan.requestsPerSecond(),
                plan.devices())
            : "closed loop, " + plan.devices() + " devices");
    BenchResult.Requests requests = result.requests();
    line(
        "requests",
        requests.completed()
            + " done, "
            + requests.failed()
            + " failed"
            + kinds(requests.failures())
            + ", "
            + requests.cancelled()
            + " cancelled");
    if (requests.firstFailure() != null) {
      line("", "the first failure: " + requests.firstFailure());
    }
    if (requests.waited() > 0) {
      line(
          "",
          requests.waited()
              + " found all sessions taken and waited for one"
              + (requests.cancelledWaiting() == 0
                  ? ""
                  : "; " + requests.cancelledWaiting() + " of them until the end"));
    }
    if (requests.completed() == 0) {
      line("NOTE", whyNothing(requests));
    } else if (requests.completed() < plan.devices() && !plan.isOpenLoop()) {
      line(
          "NOTE",
          "fewer requests began and ended in the measured time than there are devices: give a"
              + " longer --duration, or a smaller --max-tokens");
    }
    Estimate rate = result.confidence().get("tokens_per_second");
    line(
        "speed",
        number(result.tokensPerSecond())
            + " tokens/s"
            + (rate == null || rate.low() == null
                ? ""
                : " (95 %: " + number(rate.low()) + " to " + number(rate.high()) + ")"));
    if (result.rounds() > 0) {
      StringBuilder text = new StringBuilder(two(result.acceptedShare()) + " of the drafts");
      text.append(", per position");
      result.acceptancePerPosition().forEach(value -> text.append(' ').append(two(value)));
      line("accepted share", text.toString());
    }
    out.printf("%-16s %9s %9s %9s %9s %9s  ms%n", "", "p50", "p90", "p99", "p99.9", "max");
    distribution("TTFT", result.ttftMs());
    distribution("  waits", result.waitMs());
    distribution("TPOT", result.tpotMs());
    distribution("bursts", result.itlMs());
    distribution("whole requests", result.e2eMs());
    distribution("rounds", result.roundMs());
    for (Map.Entry<String, BenchResult.Phase> phase : result.phases().entrySet()) {
      distribution("  " + phase.getKey().replace('_', ' '), phase.getValue().distribution());
    }
    BenchResult.Bytes bytes = result.bytes();
    line(
        "bytes",
        number(bytes.upPerToken()) + " up and " + number(bytes.downPerToken()) + " down per token");
    if (result.serverCpu() != null) {
      line("server", number(result.serverCpu().millisPerToken()) + " ms of processor per token");
    }
    if (result.goodput() != null) {
      line(
          "goodput",
          two(result.goodput().share())
              + " of the requests, "
              + two(result.goodput().requestsPerSecond())
              + " per second");
    }
    energy(result.energy());
    bound(result.bound(), result.tokensPerSecond());
    capacity(result.capacity());
    if (result.replay() != null && result.replay().divergences() > 0) {
      line(
          "NOTE",
          result.replay().divergences()
              + " generations were not those of the trace: another target, or no exact numerics");
    }
  }

  /** Such as " (3 busy, 1 unreachable)". */
  private static String kinds(Map<String, Long> failures) {
    if (failures.isEmpty()) {
      return "";
    }
    return failures.entrySet().stream()
        .map(entry -> entry.getValue() + " " + entry.getKey())
        .collect(Collectors.joining(", ", " (", ")"));
  }

  /** A result without a single request needs a reason. */
  private static String whyNothing(BenchResult.Requests requests) {
    if (requests.failed() > 0 && requests.cancelled() == 0) {
      return "no request ended as it should: all that counted failed, see above";
    }
    if (requests.cancelledWaiting() > 0 && requests.cancelledWaiting() == requests.cancelled()) {
      return "no request that counted got a session in time: give the server more sessions, or a"
          + " longer --duration";
    }
    return "no request began after the warm-up and ended in time: give a longer --duration, or a"
        + " smaller --max-tokens";
  }

  private void energy(EnergyResult energy) {
    if (energy == null) {
      return;
    }
    line(
        "energy",
        energy.joulesPerToken() == null
            ? "unavailable: no meter that this process may read; the report says which and why"
            : String.format(
                Locale.ROOT,
                "%.3f J per token, %s (%s)",
                energy.joulesPerToken(),
                energy.machine(),
                String.join(", ", energy.covers())));
  }

  private void bound(BoundResult bound, Double rate) {
    if (bound == null) {
      return;
    }
    Bound best = bound.best();
    line(
        "bound",
        String.format(
            Locale.ROOT,
            "%.1f tokens/s with %d drafts per block and %d sequences per step; the engine is busy"
                + " for %.0f %% of the time then",
            best.tokensPerSecond(),
            best.draftTokens(),
            best.sequencesPerStep(),
            100 * best.engineBusyShare()));
    if (rate != null) {
      line("", two(bound.reachedShare()) + " of it was reached");
    }
  }

  private void capacity(CapacityResult capacity) {
    if (capacity != null) {
      line(
          "capacity",
          String.format(
              Locale.ROOT,
              "%s%d devices with at most %.1f ms per token for %.1f %% of the requests",
              capacity.atLeast() ? "at least " : "",
              capacity.devices(),
              capacity.tpotMs(),
              capacity.percentile()));
    }
  }

  private void line(String name, String text) {
    out.printf("%-16s %s%n", name, text);
  }

  private void distribution(String name, Distribution values) {
    if (values != null) {
      out.printf(
          Locale.ROOT,
          "%-16s %9.1f %9.1f %9.1f %9.1f %9.1f%n",
          name,
          values.p50(),
          values.p90(),
          values.p99(),
          values.p999(),
          values.max());
    }
  }

  private static String number(Double value) {
    return value == null ? "-" : String.format(Locale.ROOT, "%.1f", value);
  }

  private static String two(Double value) {
    return value == null ? "-" : String.format(Locale.ROOT, "%.2f", value);
  }
}
