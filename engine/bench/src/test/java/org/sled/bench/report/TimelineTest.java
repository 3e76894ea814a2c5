package org.sled.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TimelineTest {
  private static final long SECOND = 1_000_000_000L;

  @Test
  void runsFollowOneAnother() {
    Timeline timeline = Timeline.of(List.of(run(3, 10), run(2, 20)));
    assertEquals(List.of(0.0, 3.0), timeline.runStarts());
    assertEquals(5, timeline.seconds());
    assertEquals(5, timeline.samples().size());
    assertEquals(1, timeline.samples().get(3).run());
    assertEquals(3, timeline.samples().get(3).start());
    assertEquals(20, timeline.samples().get(3).tokensPerSecond());
  }

  @Test
  void aShortLastSliceIsNoRateOfItsOwn() {
    RunRecord run = run(2, 100);
    run.interval(2 * SECOND, 2 * SECOND + 1_000_000, Map.of(), 7, 0);
    Timeline timeline = Timeline.of(List.of(run));
    assertEquals(2, timeline.samples().size());
    assertEquals(107, timeline.samples().get(1).tokens());
    assertEquals(0, timeline.samples().get(1).activeRequests());
    assertEquals(2.001, timeline.seconds(), 1e-9);
  }

  @Test
  void longRunsAreDrawnInCoarserSteps() {
    Timeline timeline = Timeline.of(List.of(run(1_000, 10), run(1_001, 10)));
    assertTrue(timeline.samples().size() <= 242, "at most one more per run");
    assertEquals(20_010, timeline.samples().stream().mapToLong(Timeline.Sample::tokens).sum());
    assertEquals(10, timeline.samples().get(7).tokensPerSecond(), 1e-9);
    assertEquals(1_000, timeline.runStarts().get(1), "a step does not reach into the next run");
  }

  @Test
  void nothingHasNoSamples() {
    Timeline timeline = Timeline.of(List.of(new RunRecord(), new RunRecord()));
    assertTrue(timeline.samples().isEmpty());
    assertEquals(0, timeline.seconds());
  }

  private static RunRecord run(int seconds, long tokensPerSecond) {
    RunRecord run = new RunRecord();
    for (int i = 0; i < seconds; i++) {
      run.interval(i * SECOND, (i + 1) * SECOND, Map.of(), tokensPerSecond, 1);
    }
    return run;
  }
}
