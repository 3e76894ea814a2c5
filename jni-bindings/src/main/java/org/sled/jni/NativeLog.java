package org.sled.jni;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands what llama.cpp and ggml logged on to SLF4J, as logger {@code org.sled.native.llama}. They
 * log into a bounded queue; owners drain it after cold calls, so that no native thread calls into
 * the JVM. Any thread.
 */
public final class NativeLog {
  private static final Logger LOG = LoggerFactory.getLogger("org.sled.native.llama");
  private static final int LINE_BYTES = 4096;
  private static final int LENGTH = 0;
  private static final int LEVEL = 4;

  // The levels of sled_log_take.
  private static final int INFO = 2;
  private static final int WARN = 3;
  private static final int ERROR = 4;

  private NativeLog() {}

  /** Logs the lines that wait. */
  public static void drain() {
    try (Scratch line = Scratch.ofBytes(LINE_BYTES);
        Scratch result = Scratch.ofBytes(2 * Integer.BYTES)) {
      while (true) {
        int status =
            SledNative.sled_log_take(
                line.address(), LINE_BYTES, result.address() + LENGTH, result.address() + LEVEL);
        int length = result.getInt(LENGTH);
        if (status != SledNative.SLED_OK || length < 0) {
          return;
        }
        log(result.getInt(LEVEL), OneLine.of(line.text(0, length).stripTrailing()));
      }
    }
  }

  private static void log(int level, String text) {
    switch (level) {
      case ERROR -> LOG.error(text);
      case WARN -> LOG.warn(text);
      // What llama.cpp calls info is a hundred lines per model: detail for us.
      case INFO -> LOG.debug(text);
      default -> LOG.trace(text);
    }
  }
}
