package org.sled.bench.peers;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.TooLongFrameException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * Takes a stream of server-sent events apart, wherever it was split on its way. Lines end with LF,
 * CR LF or CR; the {@code data:} lines up to an empty line are one event; comments and other fields
 * are skipped. One thread at a time.
 *
 * <p>Source: WHATWG HTML, "Server-sent events".
 */
final class SseParser {
  /** More than a server says about one token, and about a whole request at its end. */
  static final int MAX_EVENT_BYTES = 4 << 20;

  private static final byte[] DATA = "data".getBytes(StandardCharsets.US_ASCII);

  private final ByteArrayOutputStream line = new ByteArrayOutputStream(512);
  private final ByteArrayOutputStream data = new ByteArrayOutputStream(512);
  private boolean hasData;
  private boolean afterCarriageReturn;

  /**
   * Takes the next bytes.
   *
   * @param bytes all that is readable is read
   * @param events gets the data of each event that is complete
   * @throws TooLongFrameException if an event is longer than {@value #MAX_EVENT_BYTES} bytes
   */
  void feed(ByteBuf bytes, Consumer<String> events) {
    while (bytes.isReadable()) {
      byte next = bytes.readByte();
      boolean endOfCrLf = afterCarriageReturn && next == '\n';
      afterCarriageReturn = next == '\r';
      if (endOfCrLf) {
        continue;
      }
      if (next == '\n' || next == '\r') {
        endLine(events);
      } else {
        if (line.size() + data.size() >= MAX_EVENT_BYTES) {
          throw new TooLongFrameException("an event is longer than " + MAX_EVENT_BYTES + " bytes");
        }
        line.write(next);
      }
    }
  }

  private void endLine(Consumer<String> events) {
    if (line.size() == 0) {
      if (hasData) {
        String event = data.toString(StandardCharsets.UTF_8);
        data.reset();
        hasData = false;
        events.accept(event);
      }
      return;
    }
    byte[] content = line.toByteArray();
    line.reset();
    int value = valueOfData(content);
    if (value < 0) {
      return;
    }
    if (hasData) {
      data.write('\n');
    }
    data.write(content, value, content.length - value);
    hasData = true;
  }

  /** The index at which the value of a {@code data} line begins; negative for other lines. */
  private static int valueOfData(byte[] content) {
    if (content.length < DATA.length) {
      return -1;
    }
    for (int i = 0; i < DATA.length; i++) {
      if (content[i] != DATA[i]) {
        return -1;
      }
    }
    if (content.length == DATA.length) {
      return DATA.length;
    }
    if (content[DATA.length] != ':') {
      return -1;
    }
    int value = DATA.length + 1;
    return value < content.length && content[value] == ' ' ? value + 1 : value;
  }
}
