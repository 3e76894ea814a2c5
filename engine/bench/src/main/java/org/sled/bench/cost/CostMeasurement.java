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
import org.sled.jni.VerifyEngine;

/**
 * Measures a {@link CostTable} on the verification engine itself: no network, no scheduler. All
 * sequences send blocks of the same length, behind contexts of the same length; the drafts are
 * wrong, so that contexts hardly grow. Shapes are measured in turns, so that a minute in which the
 * machine is slow falls on all of them alike. One thread.
 */
public final class CostMeasurement implements AutoCloseable {
  /** Tokens of each sequence where nothing else is known: a short conversation. */
  public static final int DEFAULT_CONTEXT_TOKENS = 128;

  private static final int MOST_CONTEXT_TOKENS = 1024;

  /** Cells that are left free: every step adds a token to its sequences, and has its own rows. */
  public static final int ROOM_TOKENS = 128;

  /** The first steps of a shape do not count: memory is touched, threads wake up. */
  private static final int WARMUP_STEPS = 1;

  /** Steps of a shape before the next one's turn comes. */
  private static final int FIRST_STEPS = 2;

  /** More say little more. */
  private static final int MOST_STEPS = 15;

  /** Where time is no matter: a shape has had enough after so long, or so many steps. */
  private static final long SHAPE_NANOS = 3_000_000_000L;

  private static final int STEPS = 7;
  private static final int LEAST_STEPS = 3;

  /** Steps that a new shape takes, and some for its contexts. */
  private static final int NEW_SHAPE_STEPS = WARMUP_STEPS + FIRST_STEPS + 1;

  /** Share of the time for shapes not measured yet; in the rest all of them take turns. */
  private static final double NEW_SHAPES_SHARE = 0.7;

  /** Shapes of one sequence without which nothing can be estimated. */
  private static final int NEEDED_SHAPES = 4;

  /** Steps with results, and as many without, to tell what those take. */
  private static final int RESULT_STEPS = 4;

  /** Shorter contexts are none. */
  private static final int LEAST_CONTEXT_TOKENS = 8;

  private static final double NANOS_PER_MILLI = 1e6;

  private final String target;
  private final EngineParams params;
  private final int contextTokens;
  private final VerifyEngine engine;
  private final boolean ownsEngine;
  private final int vocabularySize;
  private final int mostSequences;
  private int shapesMeasured;
  private double resultMillis; // of a row

  /** Steps of one shape. */
  private record Shape(int sequences, int rows, List<Long> nanos) {
    Shape(int sequences, int rows) {
      this(sequences, rows, new ArrayList<>());
    }

    void measure(MeasuredSessions sessions, int steps) throws InterruptedException {
      for (int i = 0; i < steps; i++) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        nanos.add(sessions.step(sequences, rows));
      }
    }

    void warmUp(MeasuredSessions sessions) throws InterruptedException {
      measure(sessions, WARMUP_STEPS);
      nanos.clear();
    }

    /** The mean, ms: slow steps count in what is to be expected of many. NaN before any step. */
    double millis() {
      double mean = nanos.stream().mapToLong(Long::longValue).average().orElse(Double.NaN);
      return Double.isNaN(mean) ? mean : Math.round(mean / 1e3) / 1e3;
    }
  }

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
                .withSessionCount(mostSequences + 1)
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
    this.mostSequences = mostSequences;
    vocabularySize = model.info().vocabularyTokens();
  }

  /**
   * Measures on an engine that is there already, and stays the caller's.
   *
   * @param engine without sessions, with room for one more than {@code mostSequences}; of so many
   *     tokens more than {@code contextTokens} as {@link #ROOM_TOKENS}, or contexts are shorter
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

  /**
   * Measures every shape thoroughly.
   *
   * @param sequences counts, ascending
   * @param rows rows per sequence, ascending, at least 1
   * @param progress is told how many shapes of how many are done
   * @throws InterruptedException if the thread was interrupted
   */
  public CostTable measure(int[] sequences, int[] rows, BiConsumer<Integer, Integer> progress)
      throws InterruptedException {
    List<Shape> shapes = shapes(sequences, rows);
    List<Shape> open = new ArrayList<>(shapes);
    shapesMeasured = shapes.size();
    int done = 0;
    try (MeasuredSessions sessions = sessions()) {
      sessions.open(sequences[sequences.length - 1], contextTokens);
      for (Shape shape : shapes) {
        shape.warmUp(sessions);
      }
      while (!open.isEmpty()) {
        for (Shape shape : List.copyOf(open)) {
          shape.measure(sessions, 1);
          int steps = shape.nanos().size();
          long all = shape.nanos().stream().mapToLong(Long::longValue).sum();
          if (steps >= STEPS || (steps >= LEAST_STEPS && all > SHAPE_NANOS)) {
            open.remove(shape);
            progress.accept(++done, shapes.size());
          }
        }
      }
      measureResults(sessions);
    }
    return table(sequences, rows, shapes, new RowLine());
  }

  /**
   * Measures as many shapes as there is time for: of one sequence those first that say most, and
   * some of them in any case; then those of more sequences, which may have shorter contexts. What
   * the others take is estimated from those, by their rows in all. The rest of the time goes to
   * more steps of those that were measured.
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
    List<Shape> shapes = shapes(sequences, rows);
    List<Shape> measured = new ArrayList<>();
    long now = System.nanoTime();
    long newUntilNanos = now + (long) (NEW_SHAPES_SHARE * Math.max(0, endNanos - now));
    RowLine known = new RowLine();
    try (MeasuredSessions sessions = sessions()) {
      int context = contextTokens;
      for (int i = 0; i < sequences.length; i++) {
        if (i > 0) {
          context =
              Math.min(
                  context,
                  affordableContext(known, sequences[i] - sequences[i - 1], newUntilNanos));
        }
        if (context < LEAST_CONTEXT_TOKENS && i > 0) {
          break;
        }
        sessions.open(sequences[i], context);
        for (int j : order(rows.length)) {
          Shape shape = shapes.get(i * rows.length + j);
          boolean needed = i == 0 && measured.size() < NEEDED_SHAPES;
          int all = sequences[i] * rows[j];
          if (!needed && known.millis(all) * NEW_SHAPE_STEPS > leftMillis(newUntilNanos)) {
            continue; // a smaller one may still be possible
          }
          shape.warmUp(sessions);
          shape.measure(sessions, FIRST_STEPS);
          known.add(all, shape.millis());
          measured.add(shape);
          progress.accept(measured.size(), shapes.size());
        }
      }
      double resultsMillis = 2 * RESULT_STEPS * known.millis(MeasuredSessions.PREFILL_ROWS);
      if (resultsMillis <= leftMillis(endNanos)) {
        measureResults(sessions);
      }
      measureMore(measured, sessions, endNanos);
    }
    shapesMeasured = measured.size();
    RowLine line = new RowLine();
    measured.forEach(shape -> line.add(shape.sequences() * shape.rows(), shape.millis()));
    return table(sequences, rows, shapes, line);
  }

  /** What a row takes more if its logits are wanted, by steps of both kinds in turns. */
  private void measureResults(MeasuredSessions sessions) throws InterruptedException {
    int rows = Math.min(MeasuredSessions.PREFILL_ROWS, contextTokens - 1);
    if (rows < LEAST_CONTEXT_TOKENS) {
      return;
    }
    long more = 0;
    for (int i = 0; i < RESULT_STEPS; i++) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      more += sessions.step(1, rows) - sessions.prompt(rows);
    }
    double mean = more / (double) RESULT_STEPS / rows / NANOS_PER_MILLI;
    resultMillis = Math.max(0, Math.round(mean * 1e4) / 1e4);
  }

  /**
   * In turns, one step each; those that take too long for the time that is left are passed over.
   */
  private static void measureMore(List<Shape> measured, MeasuredSessions sessions, long endNanos)
      throws InterruptedException {
    boolean more = true;
    while (more) {
      more = false;
      for (Shape shape : measured) {
        if (shape.nanos().size() < MOST_STEPS && shape.millis() < leftMillis(endNanos)) {
          shape.measure(sessions, 1);
          more = true;
        }
      }
    }
  }

  private static List<Shape> shapes(int[] sequences, int[] rows) {
    List<Shape> shapes = new ArrayList<>();
    for (int count : sequences) {
      for (int each : rows) {
        shapes.add(new Shape(count, each));
      }
    }
    return shapes;
  }

  private MeasuredSessions sessions() {
    return new MeasuredSessions(engine, vocabularySize, mostSequences);
  }

  /** A third of what is left goes into computing contexts at most. */
  private int affordableContext(RowLine known, int sequences, long endNanos) {
    double rowMillis = known.millis(MeasuredSessions.PREFILL_ROWS) / MeasuredSessions.PREFILL_ROWS;
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

  /** What was not measured comes from the line. */
  private CostTable table(int[] sequences, int[] rows, List<Shape> shapes, RowLine line) {
    double[][] millis = new double[sequences.length][rows.length];
    for (int i = 0; i < sequences.length; i++) {
      for (int j = 0; j < rows.length; j++) {
        Shape shape = shapes.get(i * rows.length + j);
        millis[i][j] =
            shape.nanos().isEmpty()
                ? Math.round(line.millis(sequences[i] * rows[j]) * 1e3) / 1e3
                : shape.millis();
      }
    }
    return new CostTable(
        target,
        String.format(Locale.ROOT, "%s threads", params.threads() == 0 ? "all" : params.threads()),
        engine.info().numerics() == Numerics.EXACT ? "exact" : "fast",
        engine.info().rowMultiple(),
        engine.info().rowLeast(),
        contextTokens,
        sequences,
        rows,
        millis,
        resultMillis);
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
  }
}
