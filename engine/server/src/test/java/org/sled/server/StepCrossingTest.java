package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.SledStatus;
import org.sled.jni.StepStats;
import org.sled.jni.TokenBuffer;
import org.sled.jni.VerifyEngine;
import org.sled.jni.VerifySlots;

/**
 * What a step costs more when Java calls it: filling the slots, crossing, reading the verdicts. The
 * library measures itself ({@link StepStats#totalNanos}); the rest of the wall clock is ours.
 */
class StepCrossingTest {
  private static final int SESSIONS = 4;
  private static final int DRAFTS = 4;
  private static final int STEPS = 300;
  private static final int WARM_UP_STEPS = 100;
  private static final int WARM_UP_FILLS = 50_000;
  private static final long BUDGET_NANOS = 20_000;

  @Test
  void crossingTakesMicroseconds() {
    Path path = Path.of(System.getProperty("sled.home"), "models", "demo-target.gguf");
    EngineParams params =
        EngineParams.DEFAULT.withSequenceCount(SESSIONS).withContextTokens(1024).withThreads(1);
    try (Model model = Model.open(path, ModelParams.DEFAULT);
        VerifyEngine engine = VerifyEngine.open(model, params);
        VerifySlots slots = new VerifySlots(SESSIONS);
        StepStats stats = new StepStats();
        TokenBuffer prompt = TokenBufferOf.tokens(5, 6);
        TokenBuffer drafts = TokenBufferOf.tokens(300, 301, 302, 303)) {
      int[] cached = new int[SESSIONS];
      for (int i = 0; i < SESSIONS; i++) {
        assertEquals(i, engine.openResident(prompt, 0, true));
        slots.set(i, i, 0, prompt.size(), 0, 0);
      }
      engine.step(slots, SESSIONS, stats);
      // The JIT sees the Java part often enough before it is measured; a daemon runs for days.
      for (int i = 0; i < WARM_UP_FILLS; i++) {
        fill(slots, cached, drafts);
        assertEquals(0, accepted(slots));
      }
      long[] nanos = new long[STEPS];
      for (int step = -WARM_UP_STEPS; step < STEPS; step++) {
        for (int i = 0; i < SESSIONS; i++) {
          assertEquals(SledStatus.OK.code(), slots.status(i));
          cached[i] = slots.committed(i) - 1;
        }
        long start = System.nanoTime();
        fill(slots, cached, drafts);
        engine.step(slots, SESSIONS, stats);
        int accepted = accepted(slots);
        long wall = System.nanoTime() - start;
        assertTrue(accepted >= 0);
        if (step >= 0) {
          nanos[step] = wall - stats.totalNanos();
        }
      }
      Arrays.sort(nanos);
      long median = nanos[STEPS / 2];
      System.out.printf(
          "a step of %d blocks of %d: %.1f µs in Java beside the native call (median; p90 %.1f)%n",
          SESSIONS, DRAFTS, median / 1e3, nanos[STEPS * 9 / 10] / 1e3);
      assertTrue(median <= BUDGET_NANOS, () -> median + " ns");
    }
  }

  private static void fill(VerifySlots slots, int[] cached, TokenBuffer drafts) {
    for (int i = 0; i < SESSIONS; i++) {
      slots.set(i, i, cached[i], 1, DRAFTS, drafts.addressOf(0));
    }
  }

  private static int accepted(VerifySlots slots) {
    int accepted = 0;
    for (int i = 0; i < SESSIONS; i++) {
      accepted += slots.accepted(i);
    }
    return accepted;
  }
}
