package org.sled.bench.load;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PromptFileTest {
  @TempDir private Path directory;

  private List<PromptFile.Prompt> read(String name, String text) throws IOException {
    return PromptFile.read(Files.writeString(directory.resolve(name), text));
  }

  @Test
  void readsJsonLines() throws IOException {
    List<PromptFile.Prompt> prompts =
        read(
            "p.jsonl",
            """
            {"prompt": "Hello", "max_tokens": 40, "id": 7}

            {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]}
            {"tokens": [1, 2, 3], "kind": "numbers"}
            """);
    assertEquals(3, prompts.size());
    assertEquals("Hello", prompts.get(0).text());
    assertEquals(40, prompts.get(0).maxTokens());
    assertEquals("Hi", prompts.get(1).messages().get(1).content());
    assertEquals(0, prompts.get(1).maxTokens());
    assertArrayEquals(new int[] {1, 2, 3}, prompts.get(2).tokens());
    assertNull(prompts.get(0).kind());
    assertEquals("numbers", prompts.get(2).kind());
  }

  @Test
  void readsTextLines() throws IOException {
    List<PromptFile.Prompt> prompts = read("p.txt", "one\n\n{\"prompt\": \"two\"}\n");
    assertEquals(2, prompts.size());
    assertEquals("{\"prompt\": \"two\"}", prompts.get(1).text());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"text\": \"x\"}                           | line 1 has neither a prompt",
        "{\"prompt\": \"x\", \"max_tokens\": 0}      | line 1: max_tokens must be",
        "{\"prompt\": \"x\", \"max_tokens\": 1.5}    | line 1: max_tokens must be",
        "{\"prompt\": \"x\", \"max_tokens\": \"40\"} | line 1: max_tokens must be",
        "{\"prompt\": \"x\", \"kind\": \"a\\u001bb\"} | line 1: a kind is a word or two",
        "{\"prompt\": \"x\", \"kind\": \" \"}  | line 1: a kind is a word or two",
        "{\"tokens\": [1, \"b\"]}                    | line 1: tokens must be",
        "{\"messages\": [{\"role\": \"user\"}]}      | line 1: a message needs",
        "{\"prompt\":                                | line 1 is no JSON",
      })
  void namesTheLineThatItCannotRead(String line, String complaint) {
    String error = assertThrows(IOException.class, () -> read("p.jsonl", line)).getMessage();
    assertTrue(error.contains(complaint), error);
  }

  @Test
  void refusesAnEmptyFile() {
    String error = assertThrows(IOException.class, () -> read("p.txt", "\n")).getMessage();
    assertTrue(error.contains("holds no prompt"), error);
  }
}
