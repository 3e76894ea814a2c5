package org.sled.bench.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.sled.device.GenerationRequest;
import org.sled.device.GenerationStats;
import org.sled.device.draft.Drafting;
import org.sled.device.draft.ModelBlockDrafter;
import org.sled.net.protocol.TokenIds;
import org.sled.simulator.VirtualClock;
import org.sled.simulator.VirtualDevice;
import org.sled.simulator.VirtualServing;

class ReplayDrafterTest {
  private static final long PROMPT_NANOS = TimeUnit.SECONDS.toNanos(3);
  private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final DraftTrace trace = trace();
  private final TraceStream stream = trace.streams().get(0);
  private final VirtualClock clock = new VirtualClock();
  private final ReplayDrafter drafter = new ReplayDrafter(clock, trace, 100, new LongAdder());
  private final GenerationRequest request =
      new GenerationRequest(
          TokenIds.of(stream.prompt()),
          stream.tokens().length,
          8,
          stream.ignoreEnd(),
          stream.sampling(),
          List.of());

  /** Of a device that takes 10 ms for a draft, and so long for the prompt. */
  private static DraftTrace trace() {
    DraftTrace made = MadeTraces.of(0.95, 1, 200, 5);
    int prompt = (int) TimeUnit.NANOSECONDS.toMicros(PROMPT_NANOS);
    return new DraftTrace(made.header(), List.of(made.streams().get(0).withTimes(prompt, 10_000)));
  }

  @Test
  void promptsAreWorkedOnInChunks() {
    drafter.begin(request);
    assertEquals(PROMPT_NANOS, drafter.dueNanos(null));
    long before = clock.nanoTime();
    while (drafter.dueNanos(null) > 0) {
      long chunkBegin = clock.nanoTime();
      assertTrue(drafter.prefillChunk(null));
      assertTrue(clock.nanoTime() - chunkBegin <= ModelBlockDrafter.CHUNK_NANOS);
    }
    assertFalse(drafter.prefillChunk(null));
    assertEquals(PROMPT_NANOS, clock.nanoTime() - before);
  }

  @Test
  void nothingWaitsForAPromptAndThenItDrafts() {
    VirtualServing serving = new VirtualServing(0, (sessions, rows) -> STEP_NANOS, 1, 1, 0);
    GenerationStats stats =
        new VirtualDevice(clock, serving, 1000, Drafting.DEFAULT)
            .generate(request, stream.tokens(), drafter);
    assertTrue(
        stats.timeToFirstTokenNanos() <= STEP_NANOS + ModelBlockDrafter.CHUNK_NANOS,
        stats.timeToFirstTokenNanos() + " ns to the first token");
    assertTrue(stats.accepted() > 50, stats.accepted() + " drafts accepted");
  }
}
