package org.sled.server;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;

/**
 * Complaints that may come with every step, for a log that must not grow with them: at most one a
 * minute is written, with how many came since the one before. One thread.
 */
final class RepeatedComplaint {
  private static final long PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final Logger log;
  private long writtenNanos;
  private long unwritten = -1; // since the newest that was written; -1: none was

  RepeatedComplaint(Logger log) {
    this.log = log;
  }

  /** Writes it, or counts it. */
  void report(long nowNanos, String text) {
    if (unwritten >= 0 && nowNanos - writtenNanos < PAUSE_NANOS) {
      unwritten++;
      return;
    }
    if (unwritten > 0) {
      log.error("{} ({} more complaints since the one before)", text, unwritten);
    } else {
      log.error("{}", text);
    }
    writtenNanos = nowNanos;
    unwritten = 0;
  }
}
