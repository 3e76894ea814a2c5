package org.sled.bench.trace;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sled.net.protocol.TokenIds;

final class DraftTraceTest {
  /** A device that drafts as much faster or slower than the recorded one does all that so. */
  @ParameterizedTest
  @CsvSource({"0, 50, 600", "50, 50, 600", "25, 50, 300", "100, 50, 1200", "100, 0, 600"})
  void promptsTakeAsMuchLongerAsDrafts(int deviceMillis, int draftMillis, double millis) {
    DraftTrace made = MadeTraces.of(1, 1, 8, 3);
    TraceStream stream = made.streams().get(0);
    TraceStream timed = stream.withTimes(600_000, 1000 * draftMillis);
    DraftTrace trace = new DraftTrace(made.header(), List.of(timed));
    double nanos = (double) trace.promptNanos(timed, TimeUnit.MILLISECONDS.toNanos(deviceMillis));
    assertEquals(1e6 * millis, nanos, 1e6);
  }

  @Test
  void whatComesAgainSharesWithOthersWhatDifferentPromptsShare() {
    DraftTrace made = MadeTraces.of(0.9, 2, 8, 3);
    TraceStream first = made.streams().get(0).withPrompt(new int[] {7, 8, 9, 1, 2});
    TraceStream second = made.streams().get(1).withPrompt(new int[] {7, 8, 9, 5, 6, 4});
    DraftTrace trace = new DraftTrace(made.header(), List.of(first, second)).repeated(5);
    assertArrayEquals(new int[] {7, 8, 9, 1, 2}, trace.streams().get(0).prompt());
    assertArrayEquals(new int[] {7, 8, 9, 5, 6, 4}, trace.streams().get(1).prompt());
    assertArrayEquals(new int[] {7, 8, 9, 2, 2}, trace.streams().get(2).prompt());
    assertArrayEquals(new int[] {7, 8, 9, 6, 6, 4}, trace.streams().get(3).prompt());
    assertArrayEquals(new int[] {7, 8, 9, 3, 2}, trace.streams().get(4).prompt());
    TraceStream last = trace.streams().get(4);
    assertSame(last, trace.find(TokenIds.of(last.prompt()), last.sampling()));
  }
}
