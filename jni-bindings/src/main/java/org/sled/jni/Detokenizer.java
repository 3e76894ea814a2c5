package org.sled.jni;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Turns a stream of token ids into text as it comes. A token may end inside a character; its bytes
 * then wait for those of the next one. Broken bytes become U+FFFD. One thread at a time.
 */
public final class Detokenizer {
  /** A character has at most 4 bytes, so at most 3 of an unfinished one wait. */
  private static final int MAX_WAITING_BYTES = 3;

  private final Model model;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private byte[] waiting = {};

  public Detokenizer(Model model) {
    this.model = model;
  }

  /** The text that this token completes; empty if its last character needs more. */
  public String feed(int token) {
    byte[] bytes = model.tokenBytes(token);
    ByteBuffer in = ByteBuffer.allocate(waiting.length + bytes.length);
    in.put(waiting).put(bytes).flip();
    CharBuffer out = CharBuffer.allocate(in.remaining());
    decoder.decode(in, out, false);
    waiting = new byte[Math.min(in.remaining(), MAX_WAITING_BYTES)];
    in.get(waiting);
    return out.flip().toString();
  }

  /** Feeds several tokens; returns the text that is whole with them. */
  public String feed(int[] tokens) {
    StringBuilder text = new StringBuilder();
    for (int token : tokens) {
      text.append(feed(token));
    }
    return text.toString();
  }

  /** The end of the stream: an unfinished character becomes U+FFFD. Ready for a new stream. */
  public String flush() {
    CharBuffer out = CharBuffer.allocate(MAX_WAITING_BYTES + 1);
    decoder.decode(ByteBuffer.wrap(waiting), out, true);
    decoder.flush(out);
    decoder.reset();
    waiting = new byte[0];
    return out.flip().toString();
  }
}
