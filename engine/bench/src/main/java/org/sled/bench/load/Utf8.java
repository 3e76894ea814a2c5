package org.sled.bench.load;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Reads text strictly: bytes that are no UTF-8 are refused, never replaced. */
public final class Utf8 {
  /** Some editors put it before a text. */
  private static final String MARK = "\uFEFF";

  private Utf8() {}

  /**
   * The text of some bytes.
   *
   * @param what they are, for the error
   * @throws IllegalArgumentException the first byte that is no UTF-8, and where it stands
   */
  public static String text(byte[] bytes, String what) {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length); // a character is a byte or more
    CoderResult result = decoder.decode(in, out, true);
    if (result.isError()) {
      throw new IllegalArgumentException(
          String.format(
              "%s is no text in UTF-8: byte 0x%02x at offset %d; save it as such",
              what, bytes[in.position()] & 0xff, in.position()));
    }
    return out.flip().toString();
  }

  /** A text without the byte order mark that some editors put before it. */
  public static String withoutMark(String text) {
    return text.startsWith(MARK) ? text.substring(MARK.length()) : text;
  }
}
