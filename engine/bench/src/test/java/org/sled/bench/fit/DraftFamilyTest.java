package org.sled.bench.fit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table of families: sound, and found by what stands in GGUF files. */
class DraftFamilyTest {
  @ParameterizedTest
  @CsvSource({
    "qwen2, Qwen2.5 Coder 1.5B Instruct, 151936, Qwen2.5-Coder",
    "qwen2, Qwen2.5 7B Instruct, 152064, Qwen2.5",
    "qwen2, My own tune, 151936, Qwen2.5",
    "qwen2, DeepSeek R1 Distill Qwen 14B, 152064, DeepSeek-R1-Distill-Qwen",
    "qwen3, Qwen3 8B, 151936, Qwen3",
    "qwen3moe, Qwen3 30B A3B, 151936, Qwen3",
    "llama, Llama 3.1 8B Instruct, 128256, Llama 3",
    "llama, Hermes 3, 128256, Llama 3",
    "llama, SmolLM2 1.7B Instruct, 49152, SmolLM2",
    "llama, LLaMA v2, 32000, ",
    "llama, Llama-2-7b-chat, 32000, Llama 2",
    "gemma3, Gemma 3 4b It, 262144, Gemma 3",
    "bert, Gemma 3 4b It, 262144, ",
    "qwen2, Qwen2.5 7B Instruct, 1000, "
  })
  void aModelIsFoundByItsHeader(String architecture, String name, int tokens, String family) {
    DraftFamily found = DraftFamily.of(architecture, name, tokens);
    if (family == null) {
      assertNull(found);
    } else {
      assertEquals(family, found.family());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "Qwen2.5 Coder 7B Instruct, Qwen2.5-Coder",
    "Qwen 2.5 7B, Qwen2.5",
    "Qwen3 4B, Qwen3",
    "Qwen3.5 4B, ",
    "Meta Llama 3.1 8B Instruct, Llama 3",
    "Gemma 3n E2B, ",
    "SLED demo target, "
  })
  void aNameAloneMayTell(String name, String family) {
    DraftFamily found = DraftFamily.called(name);
    assertEquals(family, found == null ? null : found.family());
    assertNull(DraftFamily.called(""));
  }

  @Test
  void aNameWithoutEndIsCut() {
    assertNull(DraftFamily.of("llama", "a".repeat(1 << 20) + "llama-2", 32000));
  }

  @Test
  void everyLineSaysWhatItShould() {
    Set<String> names = new HashSet<>();
    for (DraftFamily family : DraftFamily.all()) {
      assertTrue(names.add(family.family()), family + " stands there twice");
      assertFalse(family.drafts().isEmpty(), family.family());
      assertFalse(family.architectures().isEmpty(), family.family());
      assertTrue(family.leastTokens() <= family.mostTokens(), family.family());
      assertTrue(family.fact().endsWith("."), family.family());
      assertTrue(family.source().startsWith("https://"), family.family());
      assertEquals(family.called(), Pattern.compile(family.called()).pattern());
      assertEquals(
          family, DraftFamily.called(family.drafts().get(0).replace("TinyLlama", "Llama-2")));
    }
  }
}
