package org.sled.server;

import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;
import org.sled.jni.StepStats;

/**
 * What the daemon counts. The verifier thread writes the counters, event loops record overheads;
 * any thread takes a {@link #snapshot}.
 */
final class ServerStats {
  /** Overheads above a minute are recorded as a minute: something else is wrong then. */
  private static final long HIGHEST_MICROS = TimeUnit.MINUTES.toMicros(1);

  private static final int SIGNIFICANT_DIGITS = 3;

  private final Recorder overheadMicros = new Recorder(HIGHEST_MICROS, SIGNIFICANT_DIGITS);
  private final Histogram allOverheadMicros = new Histogram(HIGHEST_MICROS, SIGNIFICANT_DIGITS);
  private Histogram interval; // guarded by allOverheadMicros

  // Single writer, the verifier thread.
  private volatile int sessionsInUse;
  private volatile long sessionsOpened;
  private volatile long busyAnswers;
  private volatile long steps;
  private volatile long passes;
  private volatile long rows;
  private volatile long usefulRows;
  private volatile long rounds;
  private volatile long drafted;
  private volatile long accepted;
  private volatile long tokens;

  // Error Prone: += on volatile fields is not atomic; with one writer it need not be.
  @SuppressWarnings("NonAtomicVolatileUpdate")
  void sessionOpened() {
    sessionsInUse++;
    sessionsOpened++;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate")
  void sessionClosed() {
    sessionsInUse--;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate")
  void busy() {
    busyAnswers++;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate")
  void step(StepStats step) {
    steps++;
    passes += step.passes();
    rows += step.rows();
    usefulRows += step.usefulRows();
  }

  @SuppressWarnings("NonAtomicVolatileUpdate")
  void round(int draftCount, int acceptedCount) {
    rounds++;
    drafted += draftCount;
    accepted += acceptedCount;
    tokens += acceptedCount + 1L;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate")
  void tokens(int count) {
    tokens += count;
  }

  /** Event loops. */
  void overhead(int micros) {
    overheadMicros.recordValue(Math.min(micros, HIGHEST_MICROS));
  }

  int sessionsInUse() {
    return sessionsInUse;
  }

  ServerSnapshot snapshot() {
    synchronized (allOverheadMicros) {
      interval = overheadMicros.getIntervalHistogram(interval);
      allOverheadMicros.add(interval);
      return new ServerSnapshot(
          sessionsInUse,
          sessionsOpened,
          busyAnswers,
          steps,
          passes,
          rows,
          usefulRows,
          rounds,
          drafted,
          accepted,
          tokens,
          allOverheadMicros.getTotalCount() == 0 ? null : allOverheadMicros.copy());
    }
  }
}
