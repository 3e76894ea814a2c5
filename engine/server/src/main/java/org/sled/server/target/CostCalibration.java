package org.sled.server.target;

import java.util.Arrays;
import org.sled.core.cost.StepCost;
import org.sled.jni.StepStats;
import org.sled.jni.TokenBuffer;
import org.sled.jni.VerifySlots;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/**
 * Measures what passes of some row counts cost, on sessions of its own, before anybody is served.
 * Larger ones are left out when the time is used up. On the thread that owns the engine.
 */
public final class CostCalibration {
  /** Rows of one session; more rows are several sessions with the largest of these. */
  private static final int[] ROWS = {1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32};

  private static final int[] SESSIONS = {2, 4, 8, 16};

  /** The first of them also sets up what later ones use again. */
  private static final int REPETITIONS = 3;

  /** All measurements together; what began is finished. */
  private static final long BUDGET_NANOS = 3_000_000_000L;

  private static final int PROMPT_TOKEN = 1;

  private final TargetEngine engine;
  private final TargetDescription target;
  private final StepCost cost;
  private final int[] numbers;
  private final int[] cached;

  /** Creates a calibration of an engine without sessions. */
  public CostCalibration(TargetEngine engine, TargetDescription target, StepCost cost) {
    this.engine = engine;
    this.target = target;
    this.cost = cost;
    int most = SESSIONS[SESSIONS.length - 1];
    numbers = new int[Math.min(most, target.sequences())];
    cached = new int[numbers.length];
  }

  /** Fills the table; the engine is as it was, then. */
  public void run() {
    long end = System.nanoTime() + BUDGET_NANOS;
    try (VerifySlots slots = new VerifySlots(numbers.length);
        StepStats stats = new StepStats();
        TokenBuffer drafts = new TokenBuffer(ROWS[ROWS.length - 1])) {
      for (int i = 0; i < ROWS[ROWS.length - 1]; i++) {
        drafts.add(PROMPT_TOKEN);
      }
      int[] rowCounts = Arrays.stream(ROWS).filter(rows -> fits(rows)).toArray();
      for (int rows : rowCounts) {
        if (System.nanoTime() > end) {
          return;
        }
        measure(1, rows, slots, stats, drafts);
      }
      int longest = rowCounts[rowCounts.length - 1];
      for (int sessions : SESSIONS) {
        boolean possible = sessions <= numbers.length && longest == ROWS[ROWS.length - 1];
        if (!possible || System.nanoTime() > end) {
          return;
        }
        measure(sessions, longest, slots, stats, drafts);
      }
    }
  }

  /** Each repetition may add a whole block to the context. */
  private boolean fits(int rows) {
    return rows <= target.slotRows() && rows * (REPETITIONS + 1) < target.contextTokens();
  }

  private void measure(
      int sessions, int rows, VerifySlots slots, StepStats stats, TokenBuffer drafts) {
    TokenIds prompt = TokenIds.of(PROMPT_TOKEN);
    int open = 0;
    try {
      for (; open < sessions; open++) {
        numbers[open] = engine.openSession(prompt, 0, true, Sampling.GREEDY);
        engine.attach(numbers[open], open);
        cached[open] = 0;
      }
      long least = Long.MAX_VALUE;
      for (int i = 0; i < REPETITIONS; i++) {
        for (int k = 0; k < sessions; k++) {
          slots.set(k, numbers[k], cached[k], 1, rows - 1, rows > 1 ? drafts.addressOf(0) : 0);
        }
        engine.step(slots, sessions, stats);
        least = Math.min(least, stats.computeNanos());
        for (int k = 0; k < sessions; k++) {
          cached[k] = slots.committed(k) - 1;
        }
      }
      if (stats.passes() == 1) {
        cost.calibrate(sessions * rows, (double) least);
      }
    } finally {
      for (int i = 0; i < open; i++) {
        engine.closeSession(numbers[i]);
      }
    }
  }
}
