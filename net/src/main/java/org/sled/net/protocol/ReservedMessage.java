package org.sled.net.protocol;

/**
 * A REDIRECT: a known number without a layout in protocol 1. Its body is not read; it is answered
 * with {@link ErrorCode#UNSUPPORTED}.
 *
 * @param type REDIRECT
 * @param session the session in its header
 */
public record ReservedMessage(FrameType type, int session) implements Message {}
