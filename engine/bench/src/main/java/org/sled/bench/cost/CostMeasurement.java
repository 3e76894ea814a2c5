package org.sled.bench.cost;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.BiConsumer;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.jni.Numerics;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.jni.StepStats;
import org.sled.jni.TokenBuffer;
import org.sled.jni.VerifyEngine;
import org.sled.jni.VerifySlots;

/**
 * Measures a {@link CostTable} on the verification engine itself: no network, no scheduler. All
 * sequences send blocks of the same length, behind contexts of the same length; the drafts are
 * wrong, so that contexts hardly grow. One thread.
 */
public final class CostMeasurement implements AutoCloseable {
  /** Tokens of each sequence where nothing else is known: a short conversation. */
  public static final int DEFAULT_CONTEXT_TOKENS = 128;

  private static final int MOST_CONTEXT_TOKENS = 1024;

  /** Cells that are left free: every step adds a token to its sequences, and has its own rows. */
  private static final int ROOM_TOKENS = 128;

  private static final int WARMUP_STEPS = 2;
  private static final int STEPS = 7;

  /** A shape may take this long; large ones get fewer steps, but never fewer than three. */
  private static final long SHAPE_NANOS = 3_000_000_000L;

  private static final int LEAST_STEPS = 3;

  private final String target;
  private final EngineParams params;
  private final int contextTokens;
  private final int vocabularySize;
  private final VerifyEngine engine;
  private final VerifySlots slots;
  private final StepStats stats = new StepStats();
  private final TokenBuffer drafts;
  private int steps;

  /**
   * Opens an engine for it.
   *
   * @param model the target; stays the caller's
   * @param params threads and numerics count; the number of sequences is the measurement's
   * @param contextTokens of each sequence; fewer if the model has not as many, 896 at most
   * @throws SledException if it does not fit
   */
  public CostMeasurement(
      Model model, String target, EngineParams params, int mostSequences, int contextTokens) {
    int room = Math.min(MOST_CONTEXT_TOKENS, model.info().contextTrainTokens());
    this.contextTokens = Math.max(1, Math.min(contextTokens, room - ROOM_TOKENS));
    this.target = target;
    this.params = params;
    vocabularySize = model.info().vocabularyTokens();
    drafts = new TokenBuffer(VerifyEngine.MAX_SEQUENCES);
    slots = new VerifySlots(mostSequences);
    engine =
        VerifyEngine.open(model, params.withSequenceCount(mostSequences).withContextTokens(room));
  }

  /**
   * Measures.
   *
   * @param sequences counts, ascending
   * @param rows rows per sequence, ascending, at least 1
   * @param progress is told how many shapes of how many are done
   * @throws InterruptedException if the thread was interrupted
   */
  public CostTable measure(int[] sequences, int[] rows, BiConsumer<Integer, Integer> progress)
      throws InterruptedException {
    double[][] millis = new double[sequences.length][rows.length];
    int done = 0;
    for (int i = 0; i < sequences.length; i++) {
      int[] open = openSessions(sequences[i]);
      try {
        for (int j = 0; j < rows.length; j++) {
          millis[i][j] = shape(open, rows[j]);
          progress.accept(++done, sequences.length * rows.length);
        }
      } finally {
        for (int session : open) {
          engine.closeSession(session);
        }
      }
    }
    return new CostTable(
        target,
        String.format(Locale.ROOT, "%s threads", params.threads() == 0 ? "all" : params.threads()),
        engine.info().numerics() == Numerics.EXACT ? "exact" : "fast",
        contextTokens,
        sequences,
        rows,
        millis);
  }

  private int[] openSessions(int count) {
    int[] open = new int[count];
    try (TokenBuffer prompt = new TokenBuffer(contextTokens)) {
      for (int i = 0; i < contextTokens; i++) {
        prompt.add((i * 7 + 5) % vocabularySize);
      }
      for (int i = 0; i < count; i++) {
        open[i] = engine.openResident(prompt, 0, true);
      }
    }
    for (boolean missing = true; missing; ) {
      missing = false;
      for (int i = 0; i < count; i++) {
        VerifyEngine.SessionInfo info = engine.sessionInfo(open[i]);
        int lead = Math.min(32, info.committedTokens() - 1 - info.cachedTokens());
        slots.set(i, open[i], info.cachedTokens(), Math.max(1, lead), 0, 0);
        missing |= lead > 0;
      }
      if (missing) {
        step(count);
      }
    }
    return open;
  }

  /** The median time of a step, ms. */
  private double shape(int[] open, int rows) throws InterruptedException {
    List<Long> nanos = new ArrayList<>();
    long begun = System.nanoTime();
    while (nanos.size() < WARMUP_STEPS + STEPS) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      boolean enough = nanos.size() >= WARMUP_STEPS + LEAST_STEPS;
      if (enough && System.nanoTime() - begun > SHAPE_NANOS) {
        break;
      }
      drafts.clear();
      for (int i = 1; i < rows; i++) {
        // Whatever comes is unlikely to be what is drafted.
        drafts.add((steps * 131 + i * 17 + 3) % vocabularySize);
      }
      steps++;
      for (int i = 0; i < open.length; i++) {
        VerifyEngine.SessionInfo info = engine.sessionInfo(open[i]);
        slots.set(
            i,
            open[i],
            info.cachedTokens(),
            info.committedTokens() - info.cachedTokens(),
            rows - 1,
            rows > 1 ? drafts.addressOf(0) : 0);
      }
      nanos.add(step(open.length));
    }
    long[] measured =
        nanos.stream().skip(WARMUP_STEPS).mapToLong(Long::longValue).sorted().toArray();
    return Math.round(measured[measured.length / 2] / 1e3) / 1e3;
  }

  private long step(int count) {
    engine.step(slots, count, stats);
    for (int i = 0; i < count; i++) {
      if (slots.status(i) != SledStatus.OK.code()) {
        throw new SledException(
            SledStatus.of(slots.status(i)), "the engine refused a block of the measurement");
      }
    }
    return stats.totalNanos();
  }

  /** Powers of two up to this count, and the count itself. */
  public static int[] sequenceCounts(int most) {
    int[] counts = new int[32];
    int size = 0;
    for (int count = 1; count < most; count *= 2) {
      counts[size++] = count;
    }
    counts[size++] = most;
    return Arrays.copyOf(counts, size);
  }

  @Override
  public void close() {
    engine.close();
    slots.close();
    stats.close();
    drafts.close();
  }
}
