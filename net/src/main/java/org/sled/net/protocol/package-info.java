/**
 * What crosses the wire, as PROTOCOL.md describes it: frame types, codes, limits, the messages, and
 * the byte layouts of the hot frames.
 *
 * <p>Two kinds of frame live here. <em>Cold</em> frames (handshake, opening, closing) are immutable
 * records under {@link org.sled.net.protocol.Message}. <em>Hot</em> frames, one per round, stay in
 * the buffer they arrived in and are read through a flyweight ({@link
 * org.sled.net.protocol.DraftFrame}, {@link org.sled.net.protocol.VerdictFrame}, {@link
 * org.sled.net.protocol.TokensFrame}), so that reading one allocates nothing and native code can be
 * given the address of its token ids.
 *
 * <p>Threads: records may be used by any thread; a flyweight belongs to one thread at a time.
 */
package org.sled.net.protocol;
