package org.sled.bench.load;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.sled.jni.ChatMessage;

/**
 * Reads prompts: a text file with one per line, or JSON lines ({@code .jsonl}) with {@code
 * {"prompt": "…"}}, {@code {"messages": [{"role": "user", "content": "…"}]}} or {@code {"tokens":
 * [1, 2, 3]}}, each with {@code "max_tokens": 40} if its answer is to have no more, and {@code
 * "kind": "code"} if results are to tell kinds of text apart; other fields are ignored.
 */
public final class PromptFile {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** Characters; it is a column of tables. */
  private static final int LONGEST_KIND = 40;

  private PromptFile() {}

  /**
   * One prompt, in one of three forms; the others are null.
   *
   * @param text goes through the chat template as a user's message, or is sent as it is
   * @param messages a conversation
   * @param tokens token ids
   * @param maxTokens new tokens at most; 0 for what all requests may have
   * @param kind of text; null if that was not said
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, nor a key
  public record Prompt(
      String text, List<ChatMessage> messages, int[] tokens, int maxTokens, String kind) {
    /** A text of a kind, which may be null. */
    public static Prompt ofText(String text, String kind) {
      return new Prompt(text, null, null, 0, kind);
    }
  }

  /**
   * Reads a file.
   *
   * @throws IOException if it cannot be read, or holds something else; the text names the line
   */
  public static List<Prompt> read(Path file) throws IOException {
    boolean json = file.toString().endsWith(".jsonl") || file.toString().endsWith(".json");
    List<String> lines;
    try {
      String text = Utf8.withoutMark(Utf8.text(Files.readAllBytes(file), file.toString()));
      lines = text.lines().toList();
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
    List<Prompt> prompts = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).isBlank()) {
        prompts.add(
            json
                ? parse(file + ", line " + (i + 1), lines.get(i))
                : Prompt.ofText(lines.get(i), null));
      }
    }
    if (prompts.isEmpty()) {
      throw new IOException(file + " holds no prompt");
    }
    return prompts;
  }

  private static Prompt parse(String place, String line) throws IOException {
    JsonNode node;
    try {
      node = MAPPER.readTree(line);
    } catch (JsonProcessingException e) {
      throw new IOException(place + " is no JSON: " + e.getOriginalMessage(), e);
    }
    JsonNode most = node.path("max_tokens");
    if (!most.isMissingNode() && !most.isNull() && !(most.isInt() && most.asInt() > 0)) {
      throw new IOException(place + ": max_tokens must be a whole number from 1 on");
    }
    int maxTokens = most.asInt(0);
    String kind = node.path("kind").isTextual() ? node.get("kind").asText() : null;
    if (kind != null
        && (kind.isBlank()
            || kind.length() > LONGEST_KIND
            || kind.chars().anyMatch(Character::isISOControl))) {
      throw new IOException(
          place + ": a kind is a word or two, at most " + LONGEST_KIND + " characters");
    }
    if (node.path("prompt").isTextual()) {
      return new Prompt(node.get("prompt").asText(), null, null, maxTokens, kind);
    }
    if (node.path("messages").isArray() && !node.get("messages").isEmpty()) {
      List<ChatMessage> messages = new ArrayList<>();
      for (JsonNode message : node.get("messages")) {
        if (!message.path("role").isTextual() || !message.path("content").isTextual()) {
          throw new IOException(place + ": a message needs a role and a content, both texts");
        }
        messages.add(
            new ChatMessage(message.get("role").asText(), message.get("content").asText()));
      }
      return new Prompt(null, messages, null, maxTokens, kind);
    }
    if (node.path("tokens").isArray() && !node.get("tokens").isEmpty()) {
      int[] tokens = new int[node.get("tokens").size()];
      for (int i = 0; i < tokens.length; i++) {
        if (!node.get("tokens").get(i).canConvertToInt()) {
          throw new IOException(place + ": tokens must be whole numbers");
        }
        tokens[i] = node.get("tokens").get(i).asInt();
      }
      return new Prompt(null, null, tokens, maxTokens, kind);
    }
    throw new IOException(place + " has neither a prompt, nor messages, nor tokens");
  }
}
