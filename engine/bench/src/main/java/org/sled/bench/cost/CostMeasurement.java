package org.sled.bench.cost;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
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
  public static final int ROOM_TOKENS = 128;

  private static final int WARMUP_STEPS = 2;
  private static final int STEPS = 7;

  /** A shape may take this long; large ones get fewer steps, but never fewer than three. */
  private static final long SHAPE_NANOS = 3_000_000_000L;

  private static final int LEAST_STEPS = 3;

  /** The same where all shapes together have little time. */
  private static final long SHORT_SHAPE_NANOS = 600_000_000L;

  /** Rows of a step that computes a context. */
  private static final int PREFILL_ROWS = 32;

  /** Steps that such a shape takes at least, and some for its contexts. */
  private static final int SHORT_SHAPE_STEPS = WARMUP_STEPS + LEAST_STEPS + 1;

  /** Shapes of one sequence without which nothing can be estimated. */
  private static final int NEEDED_SHAPES = 4;

  /** Shorter contexts are none. */
  private static final int LEAST_CONTEXT_TOKENS = 8;

  private static final double NANOS_PER_MILLI = 1e6;

  private final String target;
  private final EngineParams params;
  private final int contextTokens;
  private final int vocabularySize;
  private final VerifyEngine engine;
  private final boolean ownsEngine;
  private final VerifySlots slots;
  private final StepStats stats;
  private final TokenBuffer drafts;
  private int steps;
  private int shapesMeasured;

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
    this(
        VerifyEngine.open(
            model,
            params
                .withSequenceCount(mostSequences)
                .withContextTokens(
                    Math.min(MOST_CONTEXT_TOKENS, model.info().contextTrainTokens()))),
        true,
        model,
        target,
        params,
        mostSequences,
        contextTokens);
  }

  private CostMeasurement(
      VerifyEngine engine,
      boolean ownsEngine,
      Model model,
      String target,
      EngineParams params,
      int mostSequences,
      int contextTokens) {
    int room = engine.info().contextTokens();
    this.contextTokens = Math.max(1, Math.min(contextTokens, room - ROOM_TOKENS));
    this.target = target;
    this.params = params;
    this.engine = engine;
    this.ownsEngine = ownsEngine;
    vocabularySize = model.info().vocabularyTokens();
    drafts = new TokenBuffer(VerifyEngine.MAX_SEQUENCES);
    slots = new VerifySlots(mostSequences);
    stats = new StepStats();
  }

  /**
   * Measures on an engine that is there already, and stays the caller's.
   *
   * @param engine without sessions; of so many tokens more than {@code contextTokens} as {@link
   *     #ROOM_TOKENS}, or contexts are shorter
   * @param params that it was opened with
   * @param mostSequences at most as many as it has
   */
  public static CostMeasurement on(
      VerifyEngine engine,
      Model model,
      String target,
      EngineParams params,
      int mostSequences,
      int contextTokens) {
    return new CostMeasurement(engine, false, model, target, params, mostSequences, contextTokens);
  }

  /** How many sequences a shape may have. */
  public int mostSequences() {
    return slots.capacity();
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
      int[] open = openSessions(sequences[i], contextTokens);
      try {
        for (int j = 0; j < rows.length; j++) {
          millis[i][j] = shape(open, rows[j], SHAPE_NANOS);
          progress.accept(++done, sequences.length * rows.length);
        }
      } finally {
        closeSessions(open);
      }
    }
    return table(sequences, rows, millis);
  }

  /**
   * Measures as many shapes as there is time for: of one sequence those first that say most, and
   * some of them in any case; then those of more sequences, which may have shorter contexts. What
   * the others take is estimated from those, by their rows in all.
   *
   * @param sequences counts, ascending
   * @param rows rows per sequence, ascending, at least 1
   * @param endNanos when it should be done, {@link System#nanoTime}
   * @param progress is told how many shapes of how many are done
   * @throws InterruptedException if the thread was interrupted
   */
  public CostTable measureUntil(
      int[] sequences, int[] rows, long endNanos, BiConsumer<Integer, Integer> progress)
      throws InterruptedException {
    double[][] millis = new double[sequences.length][rows.length];
    for (double[] line : millis) {
      Arrays.fill(line, Double.NaN);
    }
    RowLine known = new RowLine();
    shapesMeasured = 0;
    for (int i = 0; i < sequences.length; i++) {
      int context = i == 0 ? contextTokens : affordableContext(known, sequences[i], endNanos);
      if (context < LEAST_CONTEXT_TOKENS && i > 0) {
        break;
      }
      int[] open = openSessions(sequences[i], context);
      try {
        for (int j : order(rows.length)) {
          boolean needed = i == 0 && shapesMeasured < NEEDED_SHAPES;
          int all = sequences[i] * rows[j];
          if (!needed && known.millis(all) * SHORT_SHAPE_STEPS > leftMillis(endNanos)) {
            continue; // a smaller one may still be possible
          }
          millis[i][j] = shape(open, rows[j], SHORT_SHAPE_NANOS);
          known.add(all, millis[i][j]);
          progress.accept(++shapesMeasured, sequences.length * rows.length);
        }
      } finally {
        closeSessions(open);
      }
    }
    for (int i = 0; i < sequences.length; i++) {
      for (int j = 0; j < rows.length; j++) {
        if (Double.isNaN(millis[i][j])) {
          millis[i][j] = Math.round(known.millis(sequences[i] * rows[j]) * 1e3) / 1e3;
        }
      }
    }
    return table(sequences, rows, millis);
  }

  /** A third of what is left goes into computing contexts at most. */
  private int affordableContext(RowLine known, int sequences, long endNanos) {
    double rowMillis = known.millis(PREFILL_ROWS) / PREFILL_ROWS;
    double most = leftMillis(endNanos) / 3 / rowMillis / sequences;
    return (int) Math.min(contextTokens, most);
  }

  /** Places of a line: every second one from the first on, then those between. */
  private static int[] order(int count) {
    return IntStream.concat(
            IntStream.iterate(0, i -> i < count, i -> i + 2),
            IntStream.iterate(1, i -> i < count, i -> i + 2))
        .toArray();
  }

  private static double leftMillis(long endNanos) {
    return Math.max(0, endNanos - System.nanoTime()) / NANOS_PER_MILLI;
  }

  /** How many shapes {@link #measureUntil} measured. */
  public int shapesMeasured() {
    return shapesMeasured;
  }

  private void closeSessions(int... open) {
    for (int session : open) {
      engine.closeSession(session);
    }
  }

  private CostTable table(int[] sequences, int[] rows, double[][] millis) {
    return new CostTable(
        target,
        String.format(Locale.ROOT, "%s threads", params.threads() == 0 ? "all" : params.threads()),
        engine.info().numerics() == Numerics.EXACT ? "exact" : "fast",
        engine.info().rowMultiple(),
        engine.info().rowLeast(),
        contextTokens,
        sequences,
        rows,
        millis);
  }

  private int[] openSessions(int count, int context) {
    int[] open = new int[count];
    try (TokenBuffer prompt = new TokenBuffer(context)) {
      for (int i = 0; i < context; i++) {
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
        int lead = Math.min(PREFILL_ROWS, info.committedTokens() - 1 - info.cachedTokens());
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
  private double shape(int[] open, int rows, long mostNanos) throws InterruptedException {
    List<Long> nanos = new ArrayList<>();
    long begun = System.nanoTime();
    while (nanos.size() < WARMUP_STEPS + STEPS) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      boolean enough = nanos.size() >= WARMUP_STEPS + LEAST_STEPS;
      if (enough && System.nanoTime() - begun > mostNanos) {
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
    if (ownsEngine) {
      engine.close();
    }
    slots.close();
    stats.close();
    drafts.close();
  }
}
