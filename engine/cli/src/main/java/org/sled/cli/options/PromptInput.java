package org.sled.cli.options;

import java.util.List;
import org.sled.jni.ChatMessage;

/**
 * What is said to the model: one of both, the other is null.
 *
 * @param raw a text that it is given as it is
 * @param messages a conversation
 */
public record PromptInput(String raw, List<ChatMessage> messages) {}
