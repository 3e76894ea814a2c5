package org.sled.jni;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Path;

/** Short-lived native memory for the arguments and results of one cold call. */
final class Scratch extends NativeBlock {
  private Scratch(int bytes) {
    super(bytes);
  }

  static Scratch ofBytes(int bytes) {
    return new Scratch(bytes);
  }

  /** The text in UTF-8 with a NUL behind it. A NUL inside would cut it short on the other side. */
  static Scratch ofText(String text) {
    if (text.indexOf('\0') >= 0) {
      throw new SledException(SledStatus.ARGUMENT, "text contains a NUL character");
    }
    return ofUtf8(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * A file's name with a NUL behind it, in the bytes that the system knows it by: a name that is no
   * text in this JVM's encoding has them still, where the path came from a directory's list.
   */
  static Scratch ofPath(Path path) {
    String name = path.toString();
    if (name.chars().allMatch(c -> c < 128) || path.getFileSystem() != FileSystems.getDefault()) {
      return ofText(name);
    }
    // A URI has the bytes, each one that is no plain letter as %xx.
    String encoded = path.toUri().getRawPath();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < encoded.length(); i++) {
      if (encoded.charAt(i) == '%') {
        bytes.write(Integer.parseInt(encoded.substring(i + 1, i + 3), 16));
        i += 2;
      } else {
        bytes.write(encoded.charAt(i));
      }
    }
    return ofUtf8(bytes.toByteArray());
  }

  /** The bytes with a NUL behind them. */
  static Scratch ofUtf8(byte[] bytes) {
    Scratch scratch = new Scratch(bytes.length + 1);
    scratch.buffer().put(0, bytes);
    return scratch;
  }

  int getInt(int offset) {
    return buffer().getInt(offset);
  }

  long getLong(int offset) {
    return buffer().getLong(offset);
  }

  void putLong(int offset, long value) {
    buffer().putLong(offset, value);
  }

  void putFloat(int offset, float value) {
    buffer().putFloat(offset, value);
  }

  void putInt(int offset, int value) {
    buffer().putInt(offset, value);
  }

  byte[] bytes(int offset, int count) {
    byte[] bytes = new byte[count];
    buffer().get(offset, bytes);
    return bytes;
  }

  String text(int offset, int byteCount) {
    return new String(bytes(offset, byteCount), StandardCharsets.UTF_8);
  }

  /** A NUL-terminated text in a field of fixed size. */
  String textField(int offset, int capacity) {
    ByteBuffer memory = buffer();
    int length = 0;
    while (length < capacity && memory.get(offset + length) != 0) {
      length++;
    }
    return text(offset, length);
  }
}
