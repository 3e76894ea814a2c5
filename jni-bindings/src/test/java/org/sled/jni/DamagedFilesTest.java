package org.sled.jni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * This JVM outlives damaged model files; each is refused or right, as a target, as a draft and as a
 * vocabulary. {@code -Dsled.damaged=DIRECTORY}: tries all files there, such as those of {@code
 * test_damage --write DIRECTORY 700}.
 */
class DamagedFilesTest {
  @TempDir Path directory;

  @Test
  void oneWrongNumberDoesNotEndTheProcess() throws IOException {
    byte[] sound = Files.readAllBytes(DemoPair.file("demo-draft.gguf"));
    Path file = directory.resolve("damaged.gguf");
    List<String> refusals = new ArrayList<>();
    for (String key :
        List.of(
            "llama.attention.head_count",
            "llama.attention.head_count_kv",
            "llama.rope.dimension_count",
            "llama.block_count",
            "llama.context_length",
            "llama.embedding_length",
            "tokenizer.ggml.bos_token_id")) {
      for (int value : new int[] {0, 31, -1}) {
        Files.write(file, withNumber(sound, key, value));
        String refusal = use(file);
        if (refusal != null) {
          refusals.add(refusal);
        }
      }
    }
    // What is refused says why, in a sentence.
    assertTrue(refusals.size() > 10, refusals::toString);
    assertTrue(refusals.stream().allMatch(r -> r.length() > 40 && !r.contains("\n")));
  }

  @Test
  void whatWasWrittenElsewhereDoesNotEndTheProcess() throws IOException {
    String given = System.getProperty("sled.damaged");
    if (given == null || given.isEmpty()) {
      return;
    }
    int refused = 0;
    int all = 0;
    try (Stream<Path> files = Files.list(Path.of(given))) {
      for (Path file : (Iterable<Path>) files.sorted()::iterator) {
        all++;
        refused += use(file) == null ? 0 : 1;
      }
    }
    System.out.println(all + " files, " + refused + " of them refused; this JVM lives");
    assertTrue(all > 0);
  }

  /** The sentence with which a file is refused as a model, or null where it is right. */
  private static String use(Path file) {
    try (Model vocabulary =
        Model.open(file, ModelParams.DEFAULT.withVocabularyOnly(true).withGpuLayers(0))) {
      readAll(vocabulary);
    } catch (SledException e) {
      assertFalse(e.getMessage().isEmpty());
    }
    try (Model model =
        Model.open(file, ModelParams.DEFAULT.withExactWeights(true).withGpuLayers(0))) {
      readAll(model);
      int context = Math.min(64, model.info().contextTrainTokens());
      try (VerifyEngine engine =
          VerifyEngine.open(
              model, EngineParams.DEFAULT.withSequenceCount(2).withContextTokens(context))) {
        assertEquals(2, engine.info().sequenceCount());
      } catch (SledException e) {
        return e.getMessage();
      }
      try (DraftContext draft = DraftContext.open(model, DraftParams.DEFAULT.withThreads(1));
          TokenBuffer token = new TokenBuffer(1);
          DraftChoice choice = new DraftChoice()) {
        token.add(1);
        draft.decode(0, token, choice);
        assertTrue(choice.token() >= 0);
      } catch (SledException e) {
        return e.getMessage();
      }
      return null;
    } catch (SledException e) {
      return e.getMessage();
    }
  }

  private static void readAll(Model model) {
    for (int token = 0; token < Math.min(500, model.info().vocabularyRows()); token++) {
      assertNotNull(model.tokenBytes(token, true));
    }
    try {
      assertNotNull(model.tokenize("Once upon a time"));
    } catch (SledException e) {
      assertEquals(SledStatus.UNSUPPORTED, e.status());
    }
  }

  /** A GGUF value of type u32 is another one: key, type and value follow each other. */
  private static byte[] withNumber(byte[] file, String key, int value) {
    byte[] changed = file.clone();
    byte[] name = key.getBytes(StandardCharsets.UTF_8);
    ByteBuffer length =
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, name.length);
    byte[] pattern = new byte[8 + name.length];
    System.arraycopy(length.array(), 0, pattern, 0, 8);
    System.arraycopy(name, 0, pattern, 8, name.length);
    for (int at = 0; at < file.length - pattern.length; at++) {
      if (Arrays.equals(file, at, at + pattern.length, pattern, 0, pattern.length)) {
        ByteBuffer.wrap(changed)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(at + pattern.length + 4, value);
        return changed;
      }
    }
    throw new IllegalArgumentException("no " + key + " in the file");
  }
}
