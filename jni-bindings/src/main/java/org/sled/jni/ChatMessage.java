package org.sled.jni;

/**
 * One message of a chat.
 *
 * @param role for example {@code system}, {@code user} or {@code assistant}: what the template
 *     knows
 * @param content its text
 */
public record ChatMessage(String role, String content) {}
