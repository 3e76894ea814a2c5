package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sled.cli.files.ModelFiles;
import org.sled.jni.EngineParams;
import org.sled.server.Daemon;
import org.sled.server.ServerConfig;

/**
 * Pairs of a family whose tokenizers are not quite the same: drafts are what both spell alike, and
 * the text is the target's.
 */
@Timeout(600)
final class VocabularyPairsTest {
  private static final String PRE = "tokenizer.ggml.pre";
  private static final String ADD_BOS = "tokenizer.ggml.add_bos_token";
  private static final String ALL = "2,048 of the 2,048";
  private static final int THE = 263; // " the", with which every text has to do

  @TempDir private static Path directory;

  @BeforeAll
  static void start() {
    System.setProperty("sled.vocabulary.cache", directory.resolve("cache").toString());
  }

  @AfterAll
  static void stop() {
    System.clearProperty("sled.vocabulary.cache");
  }

  /** What is edited of a model. */
  @FunctionalInterface
  private interface Edit {
    GgufEdit of(GgufEdit model);
  }

  private static final Edit NONE = model -> model;

  private static Path edited(String demo, Edit edit) throws IOException {
    GgufEdit model = new GgufEdit(new ModelFiles(CliRun.HOME).find(demo));
    String name = "model" + System.nanoTime() + ".gguf";
    return edit.of(model).write(directory.resolve(name));
  }

  private static Daemon serve(Path target) throws IOException {
    return Daemon.start(
        ServerConfig.of(target)
            .listen("127.0.0.1", 0)
            .engineParams(EngineParams.DEFAULT.withSequenceCount(2).withThreads(1))
            .conclude());
  }

  private static CliRun generate(Daemon daemon, Path draft, String... options) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "generate",
                "--server",
                "127.0.0.1:" + daemon.address().getPort(),
                "--model",
                draft.toString(),
                "--draft-policy",
                "fixed",
                "--json"));
    command.addAll(List.of(options));
    return CliRun.of(command.toArray(String[]::new));
  }

  private static final String[][] WAYS = {
    {"-n", "150", "-p", "Tell me a story about a fox and a lantern."},
    {"-n", "150", "-p", "Tell me a story.", "--temperature", "0.9", "--seed", "5"},
    // Two spaces, a control token that is written out, and one that only some targets have.
    {
      "-n", "60", "--raw", "-p", "<|user|>\nOnce  upon the  time<|new2049|><|end|>\n<|assistant|>\n"
    },
  };

  /**
   * Generates in several ways.
   *
   * @param shared of how many tokens of the target the draft model has how many, in words
   */
  private static void assertTargetsText(Edit target, Edit draft, String shared) throws IOException {
    Path targetFile = edited(ModelFiles.DEMO_TARGET, target);
    Path draftFile = edited(ModelFiles.DEMO_DRAFT, draft);
    try (Daemon daemon = serve(targetFile)) {
      for (String[] way : WAYS) {
        List<String> local =
            new ArrayList<>(
                List.of("generate", "--local", "-t", "1", "--json", "-m", targetFile.toString()));
        local.addAll(List.of(way));
        JsonNode alone = CliRun.of(local.toArray(String[]::new)).expect(0).json();
        JsonNode served = generate(daemon, draftFile, way).expect(0).json();
        for (String field : List.of("token_ids", "text", "finish_reason", "prompt_tokens")) {
          assertEquals(alone.get(field), served.get(field), field);
        }
        assertTrue(served.get("accepted").asInt() > 0, served::toString);
      }
    }
    CliRun models = CliRun.of("models", targetFile.toString(), draftFile.toString()).expect(0);
    assertTrue(models.out().contains("has " + shared + " tokens of "), models::out);
    assertTrue(models.out().contains("it can draft for it"), models::out);
  }

  @Test
  void paddingOfTheDraftThatIsTypedAsText() throws Exception {
    assertTargetsText(NONE, model -> model.append(64, "[PAD%d]", GgufEdit.USER_DEFINED, THE), ALL);
  }

  @Test
  void aTargetWithFourMoreTokens() throws Exception {
    assertTargetsText(
        model -> model.append(4, "<|new%d|>", GgufEdit.CONTROL, THE), NONE, "2,048 of the 2,052");
  }

  /** That the target says often: its draft model never hears of it. */
  @Test
  void aTokenThatIsAnotherOneInTheDraft() throws Exception {
    assertTargetsText(NONE, model -> model.token(THE, "~~"), "2,047 of the 2,048");
  }

  @Test
  void theTypeOfAToken() throws Exception {
    assertTargetsText(NONE, model -> model.type(1, GgufEdit.USER_DEFINED), ALL);
    assertTargetsText(model -> model.type(1, GgufEdit.USER_DEFINED), NONE, ALL);
  }

  @Test
  void aTokenBeforeEveryText() throws Exception {
    assertTargetsText(NONE, model -> model.flag(ADD_BOS, true), ALL);
    assertTargetsText(model -> model.flag(ADD_BOS, true), NONE, ALL);
  }

  @Test
  void theLastMerge() throws Exception {
    assertTargetsText(NONE, GgufEdit::withoutLastMerge, ALL);
  }

  @Test
  void preTokenizersOfOtherNames() throws Exception {
    String[][] names = {{"qwen2", "deepseek-r1-qwen"}, {"llama-bpe", "llama3"}, {"gpt-2", "phi-2"}};
    for (String[] pair : names) {
      assertTargetsText(model -> model.text(PRE, pair[0]), model -> model.text(PRE, pair[1]), ALL);
    }
    assertTargetsText(NONE, model -> model.without(PRE), ALL);
    assertTargetsText(model -> model.without(PRE), NONE, ALL);
  }

  @Test
  void aTokenizerThatTreatsSpacesOtherwise() throws Exception {
    assertTargetsText(NONE, model -> model.flag("tokenizer.ggml.add_space_prefix", true), ALL);
  }

  @Test
  void anotherFamilyIsRefusedInASentence() throws Exception {
    Path refused = edited(ModelFiles.DEMO_DRAFT, model -> model.otherTokens(300, 205));
    Path taken = edited(ModelFiles.DEMO_DRAFT, model -> model.otherTokens(300, 204));
    try (Daemon daemon = serve(new ModelFiles(CliRun.HOME).find(ModelFiles.DEMO_TARGET))) {
      CliRun run = generate(daemon, refused, "-p", "x").expect(1);
      for (String part :
          List.of(
              "only 1,843 of the target's 2,048 token ids",
              "the first that differs is 300: \"",
              "\"other300\" in the draft model",
              "(it is \"SLED demo target\")",
              "--model none")) {
        assertTrue(run.err().contains(part), part + " in: " + run.err());
      }
      assertEquals(
          "tokenizer_mismatch", run.json().get("error").get("code").asText(), run::toString);
      generate(daemon, taken, "-n", "9", "-p", "x").expect(0);
      // Who does not draft with it needs no more than the target's tokenizer.
      generate(daemon, refused, "-n", "9", "-k", "0", "-p", "x").expect(0);
    }
    CliRun models = CliRun.of("models", "demo:target", refused.toString()).expect(0);
    assertTrue(models.out().contains("they cannot work together"), models::out);
  }

  /** The devices of a bench and of the demo tokenize as the target does, too. */
  @Test
  void benchAndDemoTakeSuchAPair() throws Exception {
    String target =
        edited(
                ModelFiles.DEMO_TARGET,
                model -> model.append(4, "<|new%d|>", GgufEdit.CONTROL, THE).flag(ADD_BOS, true))
            .toString();
    Path trace = directory.resolve("trace.gz");
    CliRun.of(
            "bench",
            "--target",
            target,
            "-m",
            "demo:draft",
            "-d",
            "2",
            "--concurrency",
            "2",
            "--record",
            trace.toString())
        .expect(0);
    CliRun.of(
            "bench",
            "--target",
            target,
            "--replay",
            trace.toString(),
            "-d",
            "1",
            "--concurrency",
            "2")
        .expect(0);
    JsonNode demo =
        CliRun.of("demo", "--model", target, "-d", "2", "-s", "2", "--json").expect(0).json();
    assertTrue(demo.get("exact").asBoolean(), demo::toString);
  }
}
