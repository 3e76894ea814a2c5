package org.sled.cli.generate;

import java.io.PrintStream;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.sled.device.StreamEvent.Waiting;

/** Tells people that a text waits for room at its server: at once, and then now and then. */
final class WaitingLines {
  /** Until the next line, if something has changed by then. */
  private static final long PAUSE_NANOS = Duration.ofSeconds(10).toNanos();

  private final PrintStream err;
  private final LongSupplier clock;
  private String toldState = "";
  private long toldNanos;

  /**
   * Creates it.
   *
   * @param clock ns, from any origin
   */
  WaitingLines(PrintStream err, LongSupplier clock) {
    this.err = err;
    this.clock = clock;
  }

  void on(Waiting waiting) {
    long now = clock.getAsLong();
    String state = state(waiting);
    boolean isFirst = toldState.isEmpty();
    if (isFirst || (!state.equals(toldState) && now - toldNanos >= PAUSE_NANOS)) {
      err.println("[the server is full: " + state + (isFirst ? "; --busy fail ends]" : "]"));
      toldState = state;
      toldNanos = now;
    }
  }

  private static String state(Waiting waiting) {
    long seconds = Math.round(waiting.estimateMillis() / 1e3);
    String time = waiting.estimateMillis() == 0 ? "" : ", about " + Math.max(1, seconds) + " s";
    return waiting.place() == 0
        ? "asking again" + (time.isEmpty() ? "" : " in" + time.substring(1))
        : "waiting at place " + waiting.place() + time;
  }
}
