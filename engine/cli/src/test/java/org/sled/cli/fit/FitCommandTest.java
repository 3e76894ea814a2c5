package org.sled.cli.fit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.cli.ChildJvm;
import org.sled.cli.CliRun;
import org.sled.cli.GgufEdit;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.files.ModelFiles;
import org.sled.jni.EngineParams;
import org.sled.server.Daemon;
import org.sled.server.ServerConfig;

/** {@code sled fit} with the demo pair: real models, made-up links. */
@Timeout(300)
final class FitCommandTest {
  private static final int KINDS = 8;
  private static final int TEXTS = 24;

  @TempDir Path directory;

  private static CliRun fit(String... args) {
    List<String> command = new ArrayList<>(List.of("fit"));
    command.addAll(Arrays.asList(args));
    return CliRun.of(command.toArray(String[]::new));
  }

  /**
   * As quickly as it can be: texts of so many tokens, one link, one session; the result as JSON.
   */
  private static CliRun fitOneCell(int maxTokens, String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.addAll(
        List.of(
            "--seconds=60",
            "--max-tokens=" + maxTokens,
            "--rtt=0",
            "--draft-rates=100",
            "--sessions=1",
            "--json"));
    return fit(all.toArray(String[]::new));
  }

  private static JsonNode json(CliRun run) throws IOException {
    return new ObjectMapper().readTree(run.out());
  }

  private static void assertCells(JsonNode table, int rtts, int rates, int sessions) {
    assertEquals(rtts * rates * sessions, table.size(), table::toString);
    Set<String> places = new HashSet<>();
    int own = 0;
    for (JsonNode cell : table) {
      assertTrue(cell.path("draft_tpot_millis").asDouble() > 0, cell::toString);
      assertTrue(cell.path("alone_tpot_millis").asDouble() > 0, cell::toString);
      assertEquals(
          cell.path("alone_tpot_millis").asDouble() / cell.path("draft_tpot_millis").asDouble(),
          cell.path("gain").asDouble(),
          1e-6);
      own += cell.path("own").asBoolean() ? 1 : 0;
      assertTrue(
          places.add(
              cell.path("rtt_millis")
                  + " "
                  + cell.path("drafts_per_second")
                  + " "
                  + cell.path("sessions")),
          cell::toString);
    }
    assertEquals(rtts * sessions, own);
  }

  @Test
  void aPairIsJudgedWithAllThatItIsConcludedFrom() throws Exception {
    Path trace = directory.resolve("trace.gz");
    Path costs = directory.resolve("costs.json");
    CliRun run =
        fit(
            "demo:target",
            "demo:draft",
            "--seconds=90",
            "--max-tokens=12",
            "--rtt=0,40",
            "--draft-rates=5,200",
            "--sessions=1,3",
            "--target-threads=1",
            "--record=" + trace,
            "--cost-table=" + costs,
            "--json");
    JsonNode json = json(run.expect(ExitCodes.DONE));
    assertTrue(json.at("/vocabulary/same").asBoolean());
    assertEquals(2048, json.at("/vocabulary/shared").asInt());
    assertCells(json.path("table"), 2, 3, 2);
    JsonNode acceptance = json.path("acceptance");
    assertEquals(KINDS + 1, acceptance.size());
    int positions = 0;
    int texts = 0;
    for (int i = 0; i < KINDS; i++) {
      positions += acceptance.get(i).path("positions").asInt();
      texts += acceptance.get(i).path("texts").asInt();
      assertEquals(8, acceptance.get(i).path("tokens_per_block").size());
    }
    assertEquals(TEXTS, texts);
    assertEquals("all", acceptance.get(KINDS).path("kind").asText());
    assertEquals(positions, acceptance.get(KINDS).path("positions").asInt());
    double share = acceptance.get(KINDS).path("acceptance").asDouble();
    assertTrue(share > 0.1 && share <= 1, acceptance::toString);
    assertTrue(json.path("drafts_per_second").asDouble() > 1);
    assertEquals(3, json.at("/costs/sequences").size());
    assertEquals("greedy", json.path("sampling").asText());
    assertTrue(json.path("advice").asText().contains("drafts"), json::toString);
    assertEquals(0, json.path("cut_short").size(), json::toString);
    for (String phase : List.of("vocabularies", "recording", "step", "simulating")) {
      assertTrue(run.err().contains(phase), run::err);
    }
    // What it recorded is what the other commands take.
    CliRun.of(
            "simulate",
            "--trace=" + trace,
            "--cost-table=" + costs,
            "--rtt=10",
            "--draft-rates=50",
            "--acceptance=recorded",
            "--seeds=2")
        .expect(ExitCodes.DONE);
    CliRun.of(
            "bench",
            "--target=demo:target",
            "--replay=" + trace,
            "--concurrency=2",
            "--num-prompts=6",
            "--warmup=0")
        .expect(ExitCodes.DONE);
  }

  @Test
  void peopleGetATableAndASentence() {
    CliRun run =
        fit(
            "demo:target",
            "demo:draft",
            "--seconds=60",
            "--max-tokens=8",
            "--rtt=0,80",
            "--draft-rates=100",
            "--sessions=2",
            "--temperature=0.8",
            "--seed=3");
    run.expect(ExitCodes.DONE);
    assertTrue(run.out().contains("temperature 0.8"), run::out);
    assertTrue(run.out().contains("2 sessions"), run::out);
    assertTrue(run.out().contains("drafting here: "), run::out);
    String advice = run.out().stripTrailing().lines().reduce((a, b) -> b).orElseThrow();
    assertTrue(advice.startsWith("for 2 sessions drafts") || advice.startsWith("drafts do not"));
  }

  @Test
  void secondsAreObeyedAndWhatIsMissingIsSaid() throws Exception {
    long start = System.nanoTime();
    CliRun run =
        fit(
            "demo:target",
            "demo:draft",
            "--seconds=2",
            "--max-tokens=400",
            "--rtt=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19",
            "--sessions=1,16,64",
            "--json");
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
    JsonNode json = json(run.expect(ExitCodes.DONE));
    assertTrue(json.path("cut_short").size() > 0, json::toString);
    assertTrue(json.path("table").size() > 0, json::toString);
    assertTrue(json.path("table").size() < 20 * 4 * 3, json::toString);
    assertEquals(KINDS + 1, json.path("acceptance").size());
    assertTrue(json.path("acceptance").get(KINDS).path("texts").asInt() > 0, json::toString);
    assertTrue(seconds < 60, "it took " + seconds + " s");
  }

  @Test
  void promptsOfOnesOwnAreOfTheKindThatTheySay() throws Exception {
    Path prompts = directory.resolve("mine.jsonl");
    Files.writeString(
        prompts,
        """
        {"prompt": "Tell me a story about a fox.", "max_tokens": 5}
        {"messages": [{"role": "user", "content": "Tell me a story about a bell."}]}
        {"tokens": [1, 20, 30, 40], "kind": "numbers"}
        """,
        StandardCharsets.UTF_8);
    CliRun run = fitOneCell(9, "demo:target", "demo:draft", "--prompts=" + prompts);
    JsonNode json = json(run.expect(ExitCodes.DONE));
    assertEquals(3, json.path("acceptance").size()); // and all together
    assertEquals(2, json.path("acceptance").get(0).path("texts").asInt());
    assertEquals("numbers", json.path("acceptance").get(1).path("kind").asText());
    assertCells(json.path("table"), 1, 2, 1);
  }

  @Test
  void aModelWithItselfWorksAndIsCalledThat() throws Exception {
    CliRun run = fitOneCell(8, "demo:draft", "demo:draft");
    JsonNode json = json(run.expect(ExitCodes.DONE));
    assertTrue(json.path("notes").toString().contains("are one file"), json::toString);
    assertTrue(json.path("acceptance").get(KINDS).path("acceptance").asDouble() > 0.95);
  }

  @Test
  void aDraftBiggerThanItsTargetIsNamed() throws Exception {
    CliRun run = fitOneCell(4, "demo:draft", "demo:target");
    JsonNode json = json(run.expect(ExitCodes.DONE));
    assertTrue(json.path("notes").toString().contains("TARGET comes first"), json::toString);
  }

  @Test
  void aTargetWithoutTemplateGetsItsPromptsRaw() throws Exception {
    Path base =
        new GgufEdit(new ModelFiles(CliRun.HOME).find(ModelFiles.DEMO_TARGET))
            .without("tokenizer.chat_template")
            .write(directory.resolve("base.gguf"));
    CliRun run = fitOneCell(4, base.toString(), "demo:draft");
    JsonNode json = json(run.expect(ExitCodes.DONE));
    assertTrue(json.path("notes").toString().contains("no chat template"), json::toString);
  }

  @Test
  void aPairThatDoesNotFitIsRefusedInASentence() throws Exception {
    Path other =
        new GgufEdit(new ModelFiles(CliRun.HOME).find(ModelFiles.DEMO_DRAFT))
            .otherTokens(300, 205)
            .write(directory.resolve("other.gguf"));
    CliRun run = fit("demo:target", other.toString(), "--json").expect(ExitCodes.FAILED);
    String text = run.json().at("/error/message").asText();
    assertTrue(text.contains("only 1,843 of the target's 2,048 tokens"), text);
    assertTrue(text.contains("use a draft model of the target's family"), text);
    assertFalse(text.contains("\n"), text);
    assertTrue(run.err().contains(text), run::err);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "demo:target",
        "demo:target demo:draft --rtt=-1",
        "demo:target demo:draft --draft-rates=0",
        "demo:target demo:draft --sessions=0",
        "demo:target demo:draft --seconds=0",
        "demo:target demo:draft --max-tokens=1",
        "demo:target demo:draft --temperature=-1",
        "demo:target demo:nothing",
        "a b c"
      })
  void mistakesAreSaidBeforeAnythingIsLoaded(String arguments) {
    CliRun run = fit(arguments.split(" ", -1)).expect(ExitCodes.USAGE);
    assertEquals("", run.out());
    assertFalse(run.err().isBlank());
  }

  @Test
  void aRunningServerIsAskedForItsTarget() throws Exception {
    try (Daemon daemon =
        Daemon.start(
            ServerConfig.of(new ModelFiles(CliRun.HOME).find(ModelFiles.DEMO_TARGET))
                .listen("127.0.0.1", 0)
                .engineParams(EngineParams.DEFAULT.withSequenceCount(2).withThreads(1))
                .conclude())) {
      String server = "--server=127.0.0.1:" + daemon.address().getPort();
      CliRun run =
          fit(
              "demo:draft",
              server,
              "--seconds=60",
              "--max-tokens=12",
              "--rtt=0,40",
              "--draft-rates=100",
              "--sessions=1,4",
              "--json");
      JsonNode json = json(run.expect(ExitCodes.DONE));
      assertTrue(json.path("server").asText().startsWith("127.0.0.1:"), json::toString);
      assertEquals("SLED demo target", json.at("/target/name").asText());
      assertCells(json.path("table"), 2, 2, 2);
      assertTrue(json.path("shapes_measured").asInt() > 2, json::toString);
      assertTrue(json.at("/costs/millis").get(0).get(0).asDouble() > 0);

      CliRun other = fit("demo:draft", "demo:draft", server, "--json").expect(ExitCodes.FAILED);
      String text = other.json().at("/error/message").asText();
      assertTrue(text.contains("serves another target, \"SLED demo target\""), text);
    }
  }

  /** Ctrl-C in a process of its own: it ends soon, and leaves no file and no process. */
  @Test
  void aKilledOneLeavesNothing() throws Exception {
    Path trace = directory.resolve("killed.gz");
    Process process =
        ChildJvm.of(
                List.of("-XX:TieredStopAtLevel=1"),
                "org.sled.cli.Sled",
                "fit",
                "demo:target",
                "demo:draft",
                "--max-tokens=2000",
                "--seconds=600",
                "--record=" + trace)
            .redirectErrorStream(true)
            .start();
    try {
      StringBuilder said = new StringBuilder();
      while (!said.toString().contains("recording")) {
        int next = process.getInputStream().read();
        assertTrue(next >= 0, () -> "it ended: " + said);
        said.append((char) next);
      }
      List<ProcessHandle> children = process.descendants().toList();
      process.toHandle().destroy(); // SIGTERM
      assertTrue(process.waitFor(30, TimeUnit.SECONDS), "still there");
      assertEquals(ExitCodes.INTERRUPTED, process.exitValue());
      for (ProcessHandle child : children) {
        assertFalse(child.isAlive(), "a child is left");
      }
    } finally {
      process.destroyForcibly();
    }
    try (Stream<Path> left = Files.list(directory)) {
      assertEquals(List.of(), left.toList());
    }
  }
}
