package org.sled.bench.fit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Prompts of one kind of text that come with the program.
 *
 * @param name such as code
 * @param prompts texts of a user; each says by itself what is wanted
 */
public record PromptKind(String name, List<String> prompts) {
  private static final String RESOURCE = "prompts.jsonl";

  /** Copies the list. */
  public PromptKind {
    prompts = List.copyOf(prompts);
  }

  /** All kinds, in the order of the file. */
  public static List<PromptKind> all() {
    Map<String, List<String>> kinds = new LinkedHashMap<>();
    ObjectMapper mapper = new ObjectMapper();
    try (InputStream in = PromptKind.class.getResourceAsStream(RESOURCE)) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      for (String line : text.lines().filter(one -> !one.isBlank()).toList()) {
        JsonNode node = mapper.readTree(line);
        kinds
            .computeIfAbsent(node.required("kind").asText(), kind -> new ArrayList<>())
            .add(node.required("prompt").asText());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the program's own prompts cannot be read", e);
    }
    return kinds.entrySet().stream()
        .map(kind -> new PromptKind(kind.getKey(), kind.getValue()))
        .toList();
  }
}
