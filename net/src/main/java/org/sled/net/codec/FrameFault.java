package org.sled.net.codec;

import org.sled.net.protocol.ErrorCode;

/**
 * What the decoder passes on instead of a frame when the stream cannot be read any further; nothing
 * follows it.
 *
 * @param code what to answer
 * @param text what was wrong, for people
 */
public record FrameFault(ErrorCode code, String text) {}
