package org.sled.jni;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFileTest {
  private static final long WANTED = 12_000_000;

  @TempDir Path directory;

  @Test
  void aGrownModelChoosesTheSameTokens() throws IOException {
    long before = NativeMemory.allocatedBytes();
    Path small = directory.resolve("small.gguf");
    Path grown = directory.resolve("grown.gguf");
    ModelFile.quantize(DemoPair.targetFile(), small, "bf16", 1, false);
    ModelFile.Growth plan = ModelFile.planGrowth(small, WANTED, 0);
    assertFalse(Files.exists(grown));
    ModelFile.Growth growth = ModelFile.grow(small, grown, WANTED, 0, false);
    assertEquals(plan, growth);
    assertEquals(growth.fileBytes(), Files.size(grown));
    assertTrue(Math.abs(growth.parameters() - WANTED) <= WANTED / 50);
    try (Model one = Model.open(small, ModelParams.DEFAULT);
        Model other = Model.open(grown, ModelParams.DEFAULT)) {
      assertEquals("BF16", one.weightType());
      assertEquals("BF16", other.weightType());
      assertEquals(growth.parametersBefore(), one.info().parameterCount());
      assertEquals(growth.parameters(), other.info().parameterCount());
      assertEquals(growth.layersBefore(), one.info().layerCount());
      assertEquals(growth.layers(), other.info().layerCount());
      assertEquals(growth.embeddingWidth(), other.info().embeddingWidth());
      assertEquals(one.info().tokensHash(), other.info().tokensHash());
      assertEquals(one.chatTemplate(), other.chatTemplate());
      assertEquals(one.name() + ", grown to 12M", other.name());
      assertArrayEquals(choices(one), choices(other));
    }
    assertEquals(before, NativeMemory.allocatedBytes());
  }

  @Test
  void aWidenedModelChoosesTheSameTokens() {
    long before = NativeMemory.allocatedBytes();
    Path demo = DemoPair.targetFile();
    Path grown = directory.resolve("wide.gguf");
    ModelFile.Growth growth = ModelFile.grow(demo, grown, 30_000_000, 1024, false);
    assertEquals(ModelFile.planGrowth(demo, 30_000_000, 1024), growth);
    assertEquals(1024, growth.embeddingWidth());
    assertEquals(256, growth.embeddingWidthBefore());
    try (Model one = Model.open(demo, ModelParams.DEFAULT);
        Model other = Model.open(grown, ModelParams.DEFAULT)) {
      assertEquals(1024, other.info().embeddingWidth());
      assertArrayEquals(choices(one), choices(other));
    }
    assertEquals(before, NativeMemory.allocatedBytes());
    SledException odd =
        Failures.expect(SledStatus.ARGUMENT, () -> ModelFile.planGrowth(demo, WANTED, 512));
    assertTrue(odd.getMessage().contains("256, 1024, 4096"), odd.getMessage());
  }

  @Test
  void aVocabularyOfItsOwnTokenizesAlike() throws IOException {
    long before = NativeMemory.allocatedBytes();
    ByteBuffer bytes = ModelFile.vocabulary(DemoPair.targetFile(), 1 << 20);
    assertTrue(bytes.isDirect());
    Path file = directory.resolve("vocabulary.gguf");
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      assertEquals(bytes.remaining(), out.write(bytes.duplicate()));
    }
    try (Model one = Model.open(DemoPair.targetFile(), ModelParams.DEFAULT);
        Model other = Model.open(file, ModelParams.DEFAULT.withVocabularyOnly(true))) {
      assertEquals(one.info().tokensHash(), other.info().tokensHash());
      assertEquals(one.info().mergesHash(), other.info().mergesHash());
      assertEquals(one.info().specialsHash(), other.info().specialsHash());
      assertEquals(one.info().pretokenizerHash(), other.info().pretokenizerHash());
      String text = "Tell me a story about a fox, Grüße 🦊!<|end|>";
      int[] tokens = one.tokenize(text, true, true);
      assertArrayEquals(tokens, other.tokenize(text, true, true));
      for (int token : tokens) {
        assertArrayEquals(one.tokenBytes(token), other.tokenBytes(token));
      }
    }
    int tooFew = bytes.remaining() - 1;
    Failures.expect(SledStatus.CAPACITY, () -> ModelFile.vocabulary(DemoPair.targetFile(), tooFew));
    Path missing = directory.resolve("missing.gguf");
    Failures.expect(SledStatus.IO, () -> ModelFile.vocabulary(missing, tooFew));
    assertEquals(before, NativeMemory.allocatedBytes());
  }

  /** Greedy. */
  private static int[] choices(Model model) {
    int[] prompt = model.tokenize("Once upon a time");
    int[] chosen = new int[24];
    try (DraftContext context =
            DraftContext.open(model, new DraftParams(256, 1, KvType.F16, KvType.F16, false));
        TokenBuffer tokens = new TokenBuffer(prompt.length + chosen.length);
        DraftChoice choice = new DraftChoice()) {
      tokens.addAll(prompt);
      int position = 0;
      for (int i = 0; i < chosen.length; i++) {
        context.decode(position, tokens, choice);
        position = tokens.size();
        chosen[i] = choice.token();
        tokens.add(chosen[i]);
      }
    }
    return chosen;
  }

  @Test
  void refusalsLeaveNothingBehind() throws IOException {
    Path demo = DemoPair.targetFile();
    Path out = directory.resolve("out.gguf");
    Failures.expect(SledStatus.ARGUMENT, () -> ModelFile.grow(demo, out, 1000, 0, false));
    Failures.expect(
        SledStatus.UNSUPPORTED, () -> ModelFile.grow(demo, out, Long.MAX_VALUE, 0, false));
    SledException type =
        Failures.expect(SledStatus.ARGUMENT, () -> ModelFile.quantize(demo, out, "bf17", 1, false));
    assertTrue(type.getMessage().contains("q4_k_m"), type.getMessage());
    Path missing = directory.resolve("missing.gguf");
    Failures.expect(SledStatus.IO, () -> ModelFile.grow(missing, out, WANTED, 0, false));
    assertFalse(Files.exists(out));
    Files.writeString(out, "mine");
    Failures.expect(SledStatus.IO, () -> ModelFile.grow(demo, out, WANTED, 0, false));
    Failures.expect(SledStatus.IO, () -> ModelFile.quantize(demo, out, "bf16", 1, false));
    assertEquals("mine", Files.readString(out));
    Failures.expect(SledStatus.FORMAT, () -> ModelFile.planGrowth(out, WANTED, 0));
    ModelFile.grow(demo, out, WANTED, 0, true);
    assertTrue(Files.size(out) > 10_000_000);
    try (var files = Files.list(directory)) {
      assertEquals(1, files.count());
    }
  }
}
