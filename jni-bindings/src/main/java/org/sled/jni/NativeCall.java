package org.sled.jni;

import java.nio.charset.StandardCharsets;

/** What every call across the boundary shares: status to exception, and texts of unknown length. */
final class NativeCall {
  private static final int ERROR_TEXT_BYTES = 4096;
  private static final int FIRST_TEXT_BYTES = 1024;

  private NativeCall() {}

  /** A native that writes a text of at most {@code capacity} bytes and its length. */
  interface TextCall {
    int call(long bufferAddress, int capacity, long lengthAddress);
  }

  /** Allocates only when it throws. */
  static void check(int status, String what) {
    if (status != SledNative.SLED_OK) {
      throw failure(status, what);
    }
  }

  static SledException failure(int status, String what) {
    SledStatus known = SledStatus.of(status);
    String text;
    try (Scratch buffer = Scratch.ofBytes(ERROR_TEXT_BYTES)) {
      int length = SledNative.sled_last_error(buffer.address(), ERROR_TEXT_BYTES);
      text = OneLine.of(buffer.text(0, Math.max(0, length)));
    }
    return new SledException(
        known, what + ": " + (text.isEmpty() ? known.name() : text + " (" + known + ")"));
  }

  /** Calls again with a larger buffer when the first one was too small. */
  static byte[] bytes(String what, TextCall call) {
    int capacity = FIRST_TEXT_BYTES;
    while (true) {
      try (Scratch buffer = Scratch.ofBytes(capacity);
          Scratch length = Scratch.ofBytes(Integer.BYTES)) {
        int status = call.call(buffer.address(), capacity, length.address());
        int needed = length.getInt(0);
        if (status == SledNative.SLED_ERR_CAPACITY && needed >= capacity) {
          capacity = Math.addExact(needed, 1);
          continue;
        }
        check(status, what);
        return buffer.bytes(0, needed);
      }
    }
  }

  static String text(String what, TextCall call) {
    return new String(bytes(what, call), StandardCharsets.UTF_8);
  }
}
