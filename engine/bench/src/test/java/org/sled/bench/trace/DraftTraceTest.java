package org.sled.bench.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DraftTraceTest {
  /** A device that drafts as much faster or slower than the recorded one does all that so. */
  @ParameterizedTest
  @CsvSource({"0, 50, 600", "50, 50, 600", "25, 50, 300", "100, 50, 1200", "100, 0, 600"})
  void promptsTakeAsMuchLongerAsDrafts(int deviceMillis, int draftMillis, double millis) {
    DraftTrace made = MadeTraces.of(1, 1, 8, 3);
    TraceStream stream = made.streams().get(0);
    int[] micros = new int[stream.tokens().length];
    Arrays.fill(micros, 1000 * draftMillis);
    TraceStream timed =
        new TraceStream(
            stream.promptNumber(),
            stream.prompt(),
            stream.maxTokens(),
            stream.ignoreEnd(),
            stream.sampling(),
            stream.tokens(),
            600_000,
            stream.drafts(),
            stream.confidence(),
            micros,
            micros);
    DraftTrace trace = new DraftTrace(made.header(), List.of(timed));
    double nanos = (double) trace.promptNanos(timed, TimeUnit.MILLISECONDS.toNanos(deviceMillis));
    assertEquals(1e6 * millis, nanos, 1e6);
  }
}
