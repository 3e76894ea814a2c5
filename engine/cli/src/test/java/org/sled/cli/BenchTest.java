package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sled.cli.command.ExitCodes;

/** The instrument on the demo pair: real models, real sockets, a server process of its own. */
@Timeout(180)
final class BenchTest {
  @TempDir Path directory;

  private static CliRun bench(String... args) {
    List<String> command = new ArrayList<>(List.of("bench"));
    command.addAll(Arrays.asList(args));
    return CliRun.of(command.toArray(String[]::new));
  }

  private JsonNode result(Path report) throws Exception {
    return new ObjectMapper().readTree(report.resolve("result.json").toFile());
  }

  @Test
  void aRunLeavesItsFilesAndTheyAgree() throws Exception {
    Path report = directory.resolve("out");
    CliRun run =
        bench(
            "--model=demo:draft",
            "--target=demo:target",
            "--concurrency=2",
            "--duration=3",
            "--warmup=1",
            "--max-tokens=24",
            "--temperature=0.8",
            "--seed=5",
            "--draft-tokens=4",
            "--report=" + report);
    run.expect(ExitCodes.DONE);
    assertTrue(run.out().contains("tokens/s"), run.out());
    JsonNode json = result(report);
    assertTrue(json.path("tokens_per_second").asDouble() > 0);
    assertTrue(json.at("/requests/completed").asInt() > 0);
    assertEquals(0, json.at("/requests/failed").asInt());
    assertTrue(json.path("accepted_share").asDouble() > 0.1);
    assertTrue(json.at("/acceptance_per_position").size() == 4);
    assertTrue(json.at("/bytes/up_per_token").asDouble() > 1);
    assertTrue(json.at("/server_cpu/seconds").asDouble() > 0);
    assertEquals("exact", json.at("/server/numerics").asText());
    double round = json.at("/round_ms/mean").asDouble();
    double phases = 0;
    for (JsonNode phase : json.path("phases")) {
      phases += phase.path("mean_ms").asDouble();
    }
    assertEquals(round, phases, 0.05 * round, "the phases add up to the round");

    Histogram ttft = new Histogram(3);
    HistogramLogReader reader = new HistogramLogReader(report.resolve("latencies.hlog").toFile());
    for (Histogram slice = (Histogram) reader.nextIntervalHistogram();
        slice != null;
        slice = (Histogram) reader.nextIntervalHistogram()) {
      if ("ttft".equals(slice.getTag())) {
        ttft.add(slice);
      }
    }
    reader.close();
    assertEquals(ttft.getTotalCount(), json.at("/ttft_ms/count").asLong());
    assertEquals(ttft.getValueAtPercentile(99) / 1e3, json.at("/ttft_ms/p99").asDouble(), 1e-9);
    assertTrue(Files.exists(report.resolve("ttft.hgrm")));
    String page = Files.readString(report.resolve("report.html"), StandardCharsets.UTF_8);
    assertTrue(page.contains("<svg"), "the page has charts");

    CliRun comparison =
        bench(
            "--compare",
            report.resolve("result.json").toString(),
            report.resolve("result.json").toString());
    comparison.expect(ExitCodes.DONE);
    assertTrue(comparison.out().contains("1.000"), comparison.out());
  }

  @Test
  void aRecordedTraceIsReplayedWithTheSameAcceptance() throws Exception {
    // Which looks at every draft: the default cuts blocks by what steps cost at the time.
    String server = "--server-options=--scheduler continuous";
    Path trace = directory.resolve("trace.gz");
    Path real = directory.resolve("real");
    Path replayed = directory.resolve("replayed");
    bench(
            "--concurrency=1",
            "--num-prompts=6",
            "--warmup=0",
            "--max-tokens=40",
            server,
            "--record=" + trace,
            "--report=" + real)
        .expect(ExitCodes.DONE);
    Path costs = directory.resolve("costs.json");
    bench(
            "--replay=" + trace,
            "--concurrency=1",
            "--num-prompts=6",
            "--warmup=0",
            "--rtt=5",
            "--draft-policy=fixed", // as recordings do
            server,
            "--cost-table=" + costs,
            "--report=" + replayed)
        .expect(ExitCodes.DONE);
    JsonNode before = result(real);
    JsonNode after = result(replayed);
    assertEquals(0, after.at("/replay/divergences").asInt());
    assertEquals(
        before.path("accepted_share").asDouble(), after.path("accepted_share").asDouble(), 0.02);
    assertEquals(
        before.at("/repetitions/0/tokens").asInt(), after.at("/repetitions/0/tokens").asInt());
    double network =
        after.at("/phases/uplink/mean_ms").asDouble()
            + after.at("/phases/downlink/mean_ms").asDouble();
    assertTrue(network >= 5, "an emulated round trip of 5 ms, measured " + network);
    assertTrue(Files.exists(costs));
    assertTrue(after.at("/bound/reached_share").asDouble() > 0);
    assertTrue(after.at("/bound/reached_share").asDouble() < 1.2, "nothing beats the bound");
  }

  @Test
  void centralServingAndCapacity() throws Exception {
    Path report = directory.resolve("central");
    bench(
            "--mode=central",
            "--concurrency=2",
            "--duration=2",
            "--warmup=0",
            "--max-tokens=16",
            "--find-capacity",
            "--tpot-slo=10000",
            "--report=" + report)
        .expect(ExitCodes.DONE);
    JsonNode json = result(report);
    assertEquals(2, json.at("/capacity/devices").asInt());
    assertTrue(json.at("/capacity/at_least").asBoolean());
    assertTrue(json.path("round_ms").isNull());
    assertTrue(json.path("accepted_share").isNull());
  }

  @Test
  void devicesWithoutAModel() throws Exception {
    Path report = directory.resolve("out");
    bench(
            "--model=none",
            "--draft-policy=fixed",
            "--draft-tokens=3",
            "--concurrency=1",
            "--num-prompts=2",
            "--warmup=0",
            "--max-tokens=64",
            "--report=" + report)
        .expect(ExitCodes.DONE);
    JsonNode json = result(report);
    assertEquals(2, json.at("/requests/completed").asInt());
    assertEquals(0, json.at("/requests/failed").asInt());
  }

  @Test
  void mistakesAreSaid() throws Exception {
    assertSays(ExitCodes.USAGE, "--concurrency takes several values only", "--concurrency=1,2");
    assertSays(ExitCodes.USAGE, "--tpot-slo", "--find-capacity");
    assertSays(ExitCodes.USAGE, "ttft:500", "--goodput=fast");
    assertSays(ExitCodes.USAGE, "--record", "--record=x", "--mode=central");
    assertSays(ExitCodes.USAGE, "--model none", "--model=none", "--server=127.0.0.1:1");
    assertSays(ExitCodes.USAGE, "--model none", "--model=none", "--record=x");
    assertSays(ExitCodes.USAGE, "llama-server-draft", "--peers=vllm");
    assertSays(ExitCodes.USAGE, "--peers compares", "--peers=central", "--request-rate=1");
    assertSays(ExitCodes.FAILED, "cannot replay", "--replay=" + directory.resolve("none"));
    assertSays(ExitCodes.FAILED, "no readable file", "--target=" + directory.resolve("none"));
    assertSays(ExitCodes.UNREACHABLE, "cannot connect", "--server=127.0.0.1:1", "--warmup=0");
    Path prompts = directory.resolve("prompts.jsonl");
    Files.writeString(prompts, "{\"prompt\": \"a\"}\n{\"text\": 1}\n", StandardCharsets.UTF_8);
    assertSays(ExitCodes.FAILED, "line 2", "--prompts=" + prompts, "--warmup=0");
    String tooLong = "{\"prompt\": \"" + "a ".repeat(5000) + "\"}\n";
    Files.writeString(prompts, tooLong, StandardCharsets.UTF_8);
    assertSays(ExitCodes.FAILED, "shorten it", "--prompts=" + prompts, "--raw", "--warmup=0");
  }

  private static void assertSays(int code, String part, String... args) {
    CliRun run = bench(args).expect(code);
    assertTrue(run.err().contains(part), run.err());
  }
}
