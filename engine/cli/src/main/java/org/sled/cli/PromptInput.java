package org.sled.cli;

import java.util.List;
import org.sled.jni.ChatMessage;

/**
 * What is said to the model: one of both, the other is null.
 *
 * @param raw a text that it is given as it is
 * @param messages a conversation
 */
record PromptInput(String raw, List<ChatMessage> messages) {}
