package org.sled.net.server;

import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import org.sled.net.limit.LogLimit;
import org.sled.net.limit.Quoted;
import org.sled.net.protocol.ErrorMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a server's transport logs. Each kind of line is limited over all connections, since peers
 * cause them: however often they do, the log grows by some 20 KB a minute. Any thread.
 */
final class TransportLog {
  private static final Logger LOG = LoggerFactory.getLogger(TransportLog.class);

  private static final int LINES = 5;
  private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** A stack trace has thousands of bytes, and the next one is mostly the same. */
  private static final long FAILURE_PERIOD_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final LogLimit complaints = new LogLimit(LINES, PERIOD_NANOS);
  private final LogLimit complaintCounts = new LogLimit(LINES, PERIOD_NANOS);
  private final LogLimit failures = new LogLimit(2, FAILURE_PERIOD_NANOS);
  private final LogLimit drops = new LogLimit(1, FAILURE_PERIOD_NANOS);

  /** A client sent its first ERROR. */
  void complaint(SocketAddress peer, ErrorMessage error) {
    long leftOut = complaints.admit(System.nanoTime());
    if (leftOut != LogLimit.LEFT_OUT) {
      LOG.warn(
          "{} reports {}: {}{}",
          peer,
          error.code(),
          Quoted.of(error.text()),
          LogLimit.more(leftOut));
    }
  }

  /** A client is gone that sent so many further ones. */
  void furtherComplaints(SocketAddress peer, long count) {
    long leftOut = complaintCounts.admit(System.nanoTime());
    if (leftOut != LogLimit.LEFT_OUT) {
      LOG.warn("{} reported {} more errors{}", peer, count, LogLimit.more(leftOut));
    }
  }

  /** Our own failure, at a connection. */
  void failure(SocketAddress peer, Throwable cause) {
    long leftOut = failures.admit(System.nanoTime());
    if (leftOut != LogLimit.LEFT_OUT) {
      LOG.error("closing the connection of {}{}", peer, LogLimit.more(leftOut), cause);
    }
  }

  /** Clients are turned away for want of something; the sentence says of what. */
  void dropped(String sentence) {
    long leftOut = drops.admit(System.nanoTime());
    if (leftOut != LogLimit.LEFT_OUT) {
      LOG.warn("{}{}", sentence, LogLimit.more(leftOut));
    }
  }
}
