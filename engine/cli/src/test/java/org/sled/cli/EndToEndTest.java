package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Signals;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.texts.DemoPrompts;
import org.sled.device.Generation;
import org.sled.device.GenerationRequest;
import org.sled.device.SledClient;
import org.sled.jni.ChatMessage;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.Numerics;
import org.sled.net.protocol.Sampling;
import org.sled.server.Daemon;
import org.sled.server.SchedulerKind;
import org.sled.server.SchedulingConfig;
import org.sled.server.ServerConfig;

/**
 * The whole way with the demo pair: real models, real sockets. What a device prints is what the
 * target alone prints, to the byte, whatever it drafts and whoever else is served meanwhile.
 */
final class EndToEndTest {
  private static final List<String> PROMPTS =
      List.of(
          "Tell me a story about a fox and a lantern.",
          "Write a tale about a robot and a violin.",
          "Grüße, 你好 🦊!");

  private static Daemon daemon;
  private static String server;
  private static Model draft;
  private static final List<Thread> BUSY = new ArrayList<>();
  private static volatile boolean done;
  private static final List<Throwable> BUSY_FAILURES = new CopyOnWriteArrayList<>();

  @BeforeAll
  static void start() throws Exception {
    ModelFiles models = new ModelFiles(CliRun.HOME);
    daemon =
        Daemon.start(
            ServerConfig.of(models.find(ModelFiles.DEMO_TARGET))
                .listen("127.0.0.1", 0)
                // One thread: ggml's threads wait busily, and builds run beside each other.
                .engineParams(
                    EngineParams.DEFAULT
                        .withSequenceCount(6)
                        .withThreads(1)
                        .withNumerics(Numerics.EXACT))
                .conclude());
    server = "127.0.0.1:" + daemon.address().getPort();
    draft = Model.open(models.find(ModelFiles.DEMO_DRAFT), ModelParams.DEFAULT);
    for (int i = 0; i < 2; i++) {
      int device = i;
      Thread thread = new Thread(() -> beBusy(device), "busy-device-" + i);
      thread.start();
      BUSY.add(thread);
    }
  }

  /** Another device, so that steps hold blocks and prompts of several sessions. */
  private static void beBusy(int device) {
    try (SledClient client =
        SledClient.builder()
            .server("127.0.0.1", daemon.address().getPort())
            .draftModel(draft)
            .connect()) {
      for (int story = 0; !done; story++) {
        int[] prompt =
            client.tokenizeChat(
                List.of(new ChatMessage("user", DemoPrompts.get(7 * device + story))));
        try (Generation generation =
            client.start(
                GenerationRequest.of(prompt)
                    .withMaxTokens(100)
                    .withDraftTokens((device + story) % 7)
                    .withSampling(Sampling.GREEDY.withTemperature(story % 2).withSeed(story)))) {
          generation.remainingTokens();
        }
      }
    } catch (InterruptedException | RuntimeException e) {
      BUSY_FAILURES.add(e);
    }
  }

  @AfterAll
  static void stop() throws Exception {
    done = true;
    for (Thread thread : BUSY) {
      thread.join();
    }
    draft.close();
    daemon.close();
    for (Throwable failure : BUSY_FAILURES) {
      fail("a busy device failed", failure);
    }
  }

  @Test
  void everyBlockLengthPrintsWhatTheTargetAlonePrints() {
    for (String prompt : PROMPTS) {
      String[] local = {
        "generate", "--local", "--threads", "1", "-n", "600", "--ignore-end", "--json", "-p", prompt
      };
      JsonNode alone = CliRun.of(local).expect(0).json();
      assertEquals(600, alone.get("tokens").asInt());
      for (String draftTokens : new String[] {"0", "1", "4", "16"}) {
        JsonNode served =
            CliRun.of(
                    "generate",
                    "--server",
                    server,
                    "-k",
                    draftTokens,
                    "-n",
                    "600",
                    "--ignore-end",
                    "--json",
                    "-p",
                    prompt)
                .expect(0)
                .json();
        assertEquals(alone.get("token_ids"), served.get("token_ids"), "drafts " + draftTokens);
        assertEquals(alone.get("text"), served.get("text"));
        assertEquals(alone.get("finish_reason"), served.get("finish_reason"));
        assertEquals(alone.get("numerics_id"), served.get("numerics_id"));
      }
    }
  }

  private static final String[] SAMPLED = {
    "--temperature", "0.9", "--top-p", "0.95", "--repeat-penalty", "1.1", "--seed", "7"
  };

  /** A server of a test's own, for one session. */
  private static ServerConfig.Builder lone(Numerics numerics) {
    return ServerConfig.of(new ModelFiles(CliRun.HOME).find(ModelFiles.DEMO_TARGET))
        .listen("127.0.0.1", 0)
        .engineParams(
            EngineParams.DEFAULT.withSequenceCount(1).withThreads(1).withNumerics(numerics));
  }

  /** One run with a server, as JSON. */
  private static JsonNode served(String[] how, String... options) {
    String[] head = {"generate", "--server", server, "--json", "-p", PROMPTS.get(0)};
    return CliRun.of(concat(how, concat(options, head))).expect(0).json();
  }

  /** One run of the target alone, as JSON. */
  private static JsonNode alone(String[] how, String... options) {
    String[] head = {"generate", "--local", "-t", "1", "--json", "-p", PROMPTS.get(0)};
    return CliRun.of(concat(how, concat(options, head))).expect(0).json();
  }

  private static void assertSameText(JsonNode expected, JsonNode actual, String what) {
    for (String field : List.of("token_ids", "text", "finish_reason", "numerics_id", "seed")) {
      assertEquals(expected.get(field), actual.get(field), field + ", " + what);
    }
  }

  @Test
  void sampledTextIsTheTargetsWhateverIsDrafted() {
    JsonNode alone = alone(SAMPLED, "-n", "150");
    for (String draftTokens : new String[] {"0", "1", "4", "16"}) {
      JsonNode served = served(SAMPLED, "-n", "150", "-k", draftTokens);
      assertSameText(alone, served, "drafts " + draftTokens);
    }
    // The target drafts for itself, but not exactly.
    assertSameText(
        alone, served(SAMPLED, "-n", "150", "--model", ModelFiles.DEMO_TARGET), "own drafts");
    assertEquals(0.9, alone.get("temperature").asDouble());
    assertEquals("7", alone.get("seed").asText());
    assertEquals(64, alone.get("penalty_last_n").asInt());
    assertEquals("exact", alone.get("numerics").asText());
  }

  @Test
  void exactDraftsOfTheTargetItselfAreAllAccepted() throws Exception {
    SchedulingConfig usual = SchedulingConfig.DEFAULT;
    ServerConfig config =
        lone(Numerics.EXACT)
            // Looks at every draft; the default only at those that are worth it.
            .scheduling(
                new SchedulingConfig(
                    SchedulerKind.CONTINUOUS,
                    usual.batchSize(),
                    usual.batchTimeoutMillis(),
                    usual.prefillChunk(),
                    usual.prefillShare(),
                    usual.tokenMillis(),
                    usual.swapBytes(),
                    usual.sharesPrefixes()))
            .conclude();
    try (Daemon thorough = Daemon.start(config)) {
      for (String draftTokens : new String[] {"1", "4", "16"}) {
        String[] generate = {
          "generate",
          "--server",
          "127.0.0.1:" + thorough.address().getPort(),
          "--json",
          "-p",
          PROMPTS.get(0),
          "-n",
          "100",
          "--ignore-end",
          "--model",
          ModelFiles.DEMO_TARGET,
          "--numerics",
          "exact",
          "-k",
          draftTokens
        };
        JsonNode served = CliRun.of(concat(SAMPLED, generate)).expect(0).json();
        assertEquals(100, served.get("tokens").asInt());
        assertTrue(served.get("drafted").asInt() > 0, "drafts " + draftTokens);
        assertEquals(served.get("drafted"), served.get("accepted"), "drafts " + draftTokens);
        assertEquals("exact", served.get("numerics").asText());
      }
    }
  }

  @Test
  void aSeedIsDrawnAndReportedAndGivesTheSameTextAgain() {
    // Hot, so that two texts of this length are practically never the same.
    String[] warm = {"--temperature", "2", "-n", "40", "--ignore-end"};
    JsonNode first = served(warm);
    JsonNode second = served(warm);
    assertTrue(!first.get("seed").equals(second.get("seed")), "two draws");
    assertTrue(!first.get("token_ids").equals(second.get("token_ids")), "two texts");
    String seed = first.get("seed").asText();
    assertSameText(first, alone(warm, "--seed", seed), "drawn seed");

    CliRun plain = CliRun.of(concat(warm, "generate", "--server", server, "-p", PROMPTS.get(0)));
    String reported = plain.expect(0).err().replaceFirst("(?s).*seed (\\d+).*", "$1");
    String again = alone(warm, "--seed", reported).get("text").asText();
    assertEquals(again.endsWith("\n") ? again : again + "\n", plain.out());
    assertTrue(served(new String[0], "-n", "4", "--seed", "7").get("seed").isNull(), "greedy");
  }

  @Test
  void whatAPairShowedIsKeptForItsNextSession(@TempDir Path home) throws Exception {
    Path pairs = home.resolve(".cache").resolve("sled").resolve("pairs");
    JsonNode first = null;
    for (int session = 0; session < 2; session++) {
      JsonNode json =
          CliRun.with(
                  Map.of("HOME", home.toString()),
                  "",
                  "generate",
                  "--server",
                  server,
                  "--model",
                  "demo:draft",
                  "--json",
                  "-n",
                  "60",
                  "-p",
                  PROMPTS.get(0))
              .expect(0)
              .json();
      first = first == null ? json : first;
      assertSameText(first, json, "session " + session);
      try (Stream<Path> files = Files.list(pairs)) {
        List<Path> kept = files.toList();
        assertEquals(1, kept.size(), kept::toString);
        assertTrue(Files.readString(kept.get(0)).contains("acceptance="));
      }
    }
  }

  @Test
  void aStopStringCutsTheTextEverywhereAlike() {
    JsonNode whole = alone(SAMPLED, "-n", "60");
    String text = whole.get("text").asText();
    String stop = text.substring(text.length() / 2, text.length() / 2 + 9);
    JsonNode alone = alone(SAMPLED, "-n", "60", "--stop", "never this", "--stop", stop);
    assertEquals(text.substring(0, text.indexOf(stop)), alone.get("text").asText());
    assertEquals("stop", alone.get("finish_reason").asText());
    assertEquals(stop, alone.get("stop").get(1).asText());
    int tokens = alone.get("tokens").asInt();
    assertTrue(tokens < whole.get("tokens").asInt());
    for (int i = 0; i < tokens; i++) {
      assertEquals(whole.get("token_ids").get(i), alone.get("token_ids").get(i));
    }
    for (String draftTokens : new String[] {"0", "4", "16"}) {
      JsonNode served = served(SAMPLED, "-n", "60", "--stop", stop, "-k", draftTokens);
      assertSameText(alone, served, "drafts " + draftTokens);
      assertEquals(tokens, served.get("tokens").asInt());
    }
  }

  @Test
  void aLogitBiasForbidsATokenAndAnUnknownTokenIsAMistake() {
    String[] greedy = {"-n", "20"};
    int first = alone(greedy).get("token_ids").get(0).asInt();
    JsonNode alone = alone(greedy, "--logit-bias", first + "=-1000");
    alone.get("token_ids").forEach(token -> assertTrue(token.asInt() != first));
    assertSameText(alone, served(greedy, "--logit-bias", first + "=-1000"), "biased");
    for (String[] where : new String[][] {{"--local", "-t", "1"}, {"--server", server}}) {
      CliRun run =
          CliRun.of(concat(where, "generate", "-p", "a", "--logit-bias", "2048=1")).expect(2);
      assertTrue(run.err().contains("--logit-bias is for token 2048"), run::err);
    }
  }

  @Test
  void exactDraftsRefuseAFastServer() throws Exception {
    ServerConfig config = lone(Numerics.FAST).conclude();
    try (Daemon fast = Daemon.start(config)) {
      assertTrue(fast.describe().contains("numerics  fast, id "), fast::describe);
      String address = "127.0.0.1:" + fast.address().getPort();
      String[] generate = {"generate", "--server", address, "-n", "9", "--json", "-p", "Hello"};
      CliRun refused = CliRun.of(concat(new String[] {"--numerics", "EXACT"}, generate)).expect(1);
      assertTrue(refused.err().contains("fast numerics"), refused::err);
      JsonNode served = CliRun.of(generate).expect(0).json();
      assertEquals("fast", served.get("numerics").asText());
    }
  }

  @Test
  void streamedTextIsTheSameToTheByte(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("prompt.txt");
    Files.writeString(file, PROMPTS.get(2));
    for (String[] how :
        new String[][] {
          {"--prompt-file", file.toString()},
          {"--prompt", PROMPTS.get(0)},
          {"--raw", "--prompt", "Once upon a time"},
          {"--raw", "--prompt", "<|user|>\nTell me a short story<|end|>\n<|assistant|>\n"}
        }) {
      String[] local = concat(how, "generate", "--local", "--threads", "1");
      String[] served = concat(how, "generate", "--server", server);
      String alone = CliRun.of(local).expect(0).out();
      CliRun run = CliRun.of(served).expect(0);
      assertEquals(alone, run.out());
      assertTrue(run.out().endsWith("\n"));
      assertTrue(run.err().contains("tokens/s"), run::err);
    }
    CliRun piped =
        CliRun.with(Map.of(), "Once upon a time", "generate", "--server", server, "--raw", "-");
    String alone =
        CliRun.of("generate", "--local", "-t", "1", "--raw", "-p", "Once upon a time").out();
    assertEquals(alone, piped.expect(0).out());
  }

  private static String[] concat(String[] tail, String... head) {
    List<String> all = new ArrayList<>(List.of(head));
    all.addAll(List.of(tail));
    return all.toArray(new String[0]);
  }

  @Test
  void jsonHasItsFieldsAndNoFakeZeros() {
    JsonNode served =
        CliRun.of(
                "generate",
                "--server",
                server,
                "-n",
                "40",
                "-k",
                "4",
                "--json",
                "-p",
                PROMPTS.get(0))
            .expect(0)
            .json();
    Set<String> fields = new HashSet<>();
    served.fieldNames().forEachRemaining(fields::add);
    assertTrue(
        fields.containsAll(
            Set.of(
                "tokens",
                "tokens_per_second",
                "rounds",
                "drafted",
                "accepted",
                "accepted_share",
                "acceptance_per_position",
                "round_ms",
                "overhead_us",
                "text",
                "token_ids",
                "finish_reason",
                "ttft_ms",
                "draft_tokens",
                "temperature",
                "top_k",
                "top_p",
                "min_p",
                "repeat_penalty",
                "presence_penalty",
                "frequency_penalty",
                "penalty_last_n",
                "logit_bias",
                "seed",
                "stop",
                "numerics",
                "numerics_id",
                "server",
                "target",
                "draft")),
        fields::toString);
    assertEquals(40, served.get("tokens").asInt());
    assertEquals("length", served.get("finish_reason").asText());
    assertEquals(4, served.get("acceptance_per_position").size());
    assertTrue(served.at("/round_ms/p99").asDouble() >= served.at("/round_ms/p50").asDouble());
    assertTrue(served.at("/overhead_us/p50").isNumber());
    assertTrue(served.get("numerics_id").asText().matches("[0-9a-f]{16}"));

    JsonNode pushed =
        CliRun.of("generate", "--server", server, "-n", "9", "-k", "0", "--json", "-p", "Hello")
            .expect(0)
            .json();
    assertEquals(0, pushed.get("rounds").asInt());
    assertTrue(pushed.get("accepted_share").isNull());
    assertTrue(pushed.get("round_ms").isNull());

    JsonNode alone =
        CliRun.of("generate", "--local", "-t", "1", "-n", "9", "--json", "-p", "Hello")
            .expect(0)
            .json();
    assertTrue(alone.get("overhead_us").isNull());
    assertTrue(alone.get("server").isNull());
    assertEquals(pushed.get("token_ids"), alone.get("token_ids"));
  }

  @Test
  void anotherVocabularyIsRefused(@TempDir Path directory) throws Exception {
    // A draft model of which more than a tenth of the tokens are others.
    GgufEdit model = new GgufEdit(new ModelFiles(CliRun.HOME).find(ModelFiles.DEMO_DRAFT));
    Path other = model.otherTokens(300, 300).write(directory.resolve("other.gguf"));
    CliRun run =
        CliRun.of("generate", "--server", server, "-m", other.toString(), "-p", "a").expect(1);
    assertTrue(run.err().contains("only 1,748 of the target's 2,048 token ids"), run::err);
    assertTrue(run.err().contains("--model none"), run::err);

    // As a target it has no use for demo:draft: where nobody named that, the lookup is taken.
    try (Daemon another =
        Daemon.start(
            ServerConfig.of(other)
                .listen("127.0.0.1", 0)
                .engineParams(EngineParams.DEFAULT.withSequenceCount(1).withThreads(1))
                .conclude())) {
      String address = "127.0.0.1:" + another.address().getPort();
      String[] unnamed = {"generate", "--server", address, "-n", "4", "--json", "-p", "a"};
      CliRun lookup = CliRun.of(unnamed).expect(0);
      assertTrue(lookup.err().contains("--model none"), lookup::err);
      assertEquals("none", lookup.json().get("draft").asText());
      CliRun named =
          CliRun.of("generate", "--server", address, "-m", "demo:draft", "-p", "a").expect(1);
      assertTrue(named.err().contains("only 1,748"), named::err);
      CliRun bench = CliRun.of("bench", "--server", address, "-d", "1").expect(1);
      assertTrue(bench.err().contains("demo:draft, the default of --model"), bench::err);
    }
  }

  @Test
  void aFullContextIsOneSentence() {
    String prompt = "Once upon a time there was a fox. ".repeat(2000);
    CliRun alone = CliRun.of("generate", "--local", "-t", "1", "--json", "-p", prompt).expect(1);
    CliRun served = CliRun.of("generate", "--server", server, "--json", "-p", prompt).expect(1);
    assertEquals("context_full", alone.json().at("/error/code").asText());
    assertEquals(alone.json(), served.json());
    assertEquals(alone.err(), served.err());
  }

  @Test
  void interruptedGenerationsKeepWhatCame() throws Exception {
    FakeSignals before = CliRun.SIGNALS.get(); // here: the thread may start after the command
    Thread interrupter =
        new Thread(
            () -> {
              try {
                while (CliRun.SIGNALS.get() == before) {
                  Thread.sleep(5);
                }
                Thread.sleep(300);
                CliRun.SIGNALS.get().send(Signals.Kind.INTERRUPT);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    interrupter.start();
    CliRun run =
        CliRun.of(
            "generate", "--server", server, "-n", "0", "--ignore-end", "--json", "-p", "Hello");
    interrupter.join();
    run.expect(ExitCodes.INTERRUPTED);
    assertEquals("cancelled", run.json().get("finish_reason").asText());
  }

  @Test
  void demoIsExact() {
    JsonNode demo =
        CliRun.of("demo", "--devices", "3", "--seconds", "2", "-n", "120", "--json")
            .expect(0)
            .json();
    assertTrue(demo.get("exact").asBoolean());
    assertTrue(demo.get("streams_compared").asInt() >= 3);
    assertEquals(3, demo.get("devices").asInt());
    assertTrue(demo.get("tokens").asLong() > 0);
    CliRun plain = CliRun.of("demo", "--devices", "1", "--seconds", "1", "-k", "2").expect(0);
    assertTrue(plain.out().contains("all identical, token by token"), plain::out);
    assertFalse(plain.out().contains("\u001b"), "no terminal, no control characters");
    JsonNode sampled =
        CliRun.of(
                "demo",
                "-d",
                "2",
                "-s",
                "1",
                "-n",
                "60",
                "--temperature",
                "0.9",
                "--top-k",
                "40",
                "--seed",
                "5",
                "--json")
            .expect(0)
            .json();
    assertTrue(sampled.get("exact").asBoolean());
    assertEquals("5", sampled.get("seed").asText());
  }

  @Test
  void modelsAndDoctor() {
    CliRun models = CliRun.of("models").expect(0);
    assertTrue(models.out().contains("demo:draft"), models::out);
    assertTrue(models.out().contains("2,048 tokens"), models::out);
    ModelFiles files = new ModelFiles(CliRun.HOME);
    CliRun pair =
        CliRun.of(
            "models",
            files.find(ModelFiles.DEMO_TARGET).toString(),
            files.find(ModelFiles.DEMO_DRAFT).toString());
    assertTrue(pair.expect(0).out().contains("shares the vocabulary"), pair::out);
    CliRun doctor = CliRun.of("doctor").expect(0);
    assertTrue(doctor.out().contains("llama.cpp"), doctor::out);
    assertTrue(doctor.out().contains("everything is here"), doctor::out);
    assertTrue(
        Pattern.compile("threads +\\d+ cores? usable, .*CPU quota.*: \\d+ threads? by default")
            .matcher(doctor.out())
            .find(),
        doctor::out);
  }
}
