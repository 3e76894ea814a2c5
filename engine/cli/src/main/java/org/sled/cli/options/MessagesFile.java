package org.sled.cli.options;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.sled.cli.command.CommandFailure;
import org.sled.jni.ChatMessage;

/** A conversation as JSON: {@code [{"role": "user", "content": "…"}, …]}. */
final class MessagesFile {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private MessagesFile() {}

  /**
   * Reads a conversation.
   *
   * @param json an array of messages, or an object that has it as {@code messages}
   * @param what it is, for messages of errors
   * @throws CommandFailure if it is something else; the text names the message
   */
  static List<ChatMessage> parse(String json, String what) {
    JsonNode root;
    try {
      root = MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw new CommandFailure(what + " is no JSON: " + e.getOriginalMessage());
    }
    JsonNode list = root.isObject() ? root.path("messages") : root;
    if (!list.isArray() || list.isEmpty()) {
      throw new CommandFailure(
          what + " holds no conversation: write [{\"role\": \"user\", \"content\": \"...\"}, ...]");
    }
    List<ChatMessage> messages = new ArrayList<>();
    for (JsonNode node : list) {
      messages.add(message(node, what + ", message " + (messages.size() + 1)));
    }
    return messages;
  }

  private static ChatMessage message(JsonNode node, String place) {
    if (!node.path("role").isTextual() || !node.path("content").isTextual()) {
      throw new CommandFailure(place + " needs a role and a content, both texts");
    }
    for (Iterator<String> fields = node.fieldNames(); fields.hasNext(); ) {
      String field = fields.next();
      if (!field.equals("role") && !field.equals("content")) {
        // It would be lost without a word.
        throw new CommandFailure(place + " has '" + field + "': only role and content are known");
      }
    }
    return new ChatMessage(node.get("role").asText(), node.get("content").asText());
  }
}
