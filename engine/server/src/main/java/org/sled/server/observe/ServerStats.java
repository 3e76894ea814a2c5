package org.sled.server.observe;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;
import org.sled.jni.StepStats;
import org.sled.net.server.Drop;
import org.sled.server.ServerConfig;

/**
 * What the daemon counts. The verifier thread writes, unless a method says otherwise, and allocates
 * nothing for it; any thread reads or takes a {@link #snapshot}.
 */
public final class ServerStats {
  /** Overheads above a minute are recorded as a minute: something else is wrong then. */
  private static final long HIGHEST_MICROS = TimeUnit.MINUTES.toMicros(1);

  private static final int SIGNIFICANT_DIGITS = 3;

  private static final double NANOS_PER_SECOND = 1e9;

  /** Ratios are recorded as parts of a million. */
  private static final double MILLION = 1e6;

  private static final long[] STEP_NANOS =
      nanosOfMicros(
          500,
          1_000,
          2_000,
          3_000,
          5_000,
          7_500,
          10_000,
          15_000,
          20_000,
          30_000,
          50_000,
          75_000,
          100_000,
          150_000,
          200_000,
          300_000,
          500_000,
          750_000,
          1_000_000,
          2_000_000,
          5_000_000,
          10_000_000,
          30_000_000,
          60_000_000);

  private static final long[] QUEUE_NANOS =
      nanosOfMicros(
          100,
          200,
          500,
          1_000,
          2_000,
          5_000,
          10_000,
          20_000,
          50_000,
          100_000,
          200_000,
          500_000,
          1_000_000,
          2_000_000,
          5_000_000,
          10_000_000,
          30_000_000,
          60_000_000);

  /** Bounds of the first tokens' histogram: those of vLLM's histogram of the same name. */
  private static final long[] FIRST_TOKEN_NANOS =
      nanosOfMicros(
          1_000,
          5_000,
          10_000,
          20_000,
          40_000,
          60_000,
          80_000,
          100_000,
          250_000,
          500_000,
          750_000,
          1_000_000,
          2_500_000,
          5_000_000,
          7_500_000,
          10_000_000,
          20_000_000,
          40_000_000,
          80_000_000,
          160_000_000);

  private final Recorder overheadMicros = new Recorder(HIGHEST_MICROS, SIGNIFICANT_DIGITS);
  private final Histogram allOverheadMicros = new Histogram(HIGHEST_MICROS, SIGNIFICANT_DIGITS);
  private Histogram interval; // guarded by allOverheadMicros

  public final Count sessionsInUse = new Count();
  final Count sessionsOpened = new Count();
  public final Count sessionsWaiting = new Count();
  public final Count waitsGivenUp = new Count();
  final Count steps = new Count();
  final Count passes = new Count();
  final Count usefulRows = new Count();
  final Count paddingRows = new Count();
  final Count rounds = new Count();
  final Count drafted = new Count();
  final Count verified = new Count();
  final Count accepted = new Count();
  public final Count trimmed = new Count();
  public final Count tokens = new Count();
  public final Count promptTokens = new Count();
  final Count prefixQueried = new Count();
  final Count prefixHit = new Count();
  public final Count swapsOut = new Count();
  public final Count evictions = new Count();
  final Count swapsIn = new Count();
  final Count swappedSessions = new Count();
  final Count swappedBytes = new Count();
  final Count kvCellsUsed = new Count();
  final Count kvCellsRetained = new Count();
  final Count kvCellsTotal = new Count();
  final Count waitingBlocks = new Count();
  final Count waitingPrompts = new Count();

  final BucketCounts stepTime = new BucketCounts(NANOS_PER_SECOND, STEP_NANOS);
  final BucketCounts predictedStepTime = new BucketCounts(NANOS_PER_SECOND, STEP_NANOS);
  final BucketCounts predictionError =
      new BucketCounts(
          MILLION, 10_000, 20_000, 50_000, 100_000, 150_000, 200_000, 300_000, 500_000, 750_000,
          1_000_000, 2_000_000, 5_000_000);
  final BucketCounts stepRows =
      new BucketCounts(1, 1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512);
  final BucketCounts stepSessions =
      new BucketCounts(1, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256);
  public final BucketCounts queueTime = new BucketCounts(NANOS_PER_SECOND, QUEUE_NANOS);
  final BucketCounts waitingTime = new BucketCounts(NANOS_PER_SECOND, FIRST_TOKEN_NANOS);
  final BucketCounts timeToFirstToken = new BucketCounts(NANOS_PER_SECOND, FIRST_TOKEN_NANOS);

  private final AtomicLongArray acceptedAt = new AtomicLongArray(ServerConfig.MAX_DRAFT_TOKENS);
  private volatile double price = Double.NaN;

  private final Map<BusyKind, AtomicLong> busyAnswers = new EnumMap<>(BusyKind.class);
  private final Count stuckSteps = new Count();
  private final Map<Drop, AtomicLong> drops = new EnumMap<>(Drop.class); // not changed any more

  public ServerStats() {
    for (Drop why : Drop.values()) {
      drops.put(why, new AtomicLong());
    }
    for (BusyKind kind : BusyKind.values()) {
      busyAnswers.put(kind, new AtomicLong());
    }
  }

  private static long[] nanosOfMicros(long... micros) {
    long[] nanos = new long[micros.length];
    for (int i = 0; i < micros.length; i++) {
      nanos[i] = TimeUnit.MICROSECONDS.toNanos(micros[i]);
    }
    return nanos;
  }

  public void sessionOpened() {
    sessionsInUse.add(1);
    sessionsOpened.add(1);
  }

  public void sessionClosed() {
    sessionsInUse.add(-1);
  }

  /** A request was answered BUSY; any thread. */
  public void busy(BusyKind kind) {
    busyAnswers.get(kind).incrementAndGet();
  }

  /** So many sessions wait for room now. */
  public void waiting(int count) {
    sessionsWaiting.set(count);
  }

  /**
   * A session does not wait for room any more.
   *
   * @param hasRoom whether it got it; else it was given up before
   */
  public void waited(boolean hasRoom, long nanos) {
    if (hasRoom) {
      waitingTime.record(nanos);
    } else {
      waitsGivenUp.add(1);
    }
  }

  /** A client was turned away by the transport; event loops. */
  public void dropped(Drop why) {
    drops.get(why).incrementAndGet();
  }

  /** How many clients were turned away for this reason. */
  long drops(Drop why) {
    return drops.get(why).get();
  }

  /**
   * A step was computed.
   *
   * @param stepNanos time in the engine
   * @param predictedNanos what it was thought to be; 0 if nothing was predicted
   */
  public void step(StepStats step, long stepNanos, long predictedNanos) {
    steps.add(1);
    passes.add(step.passes());
    usefulRows.add(step.usefulRows());
    paddingRows.add(step.rows() - step.usefulRows());
    stepRows.record(step.usefulRows());
    stepSessions.record(step.slots());
    stepTime.record(stepNanos);
    if (predictedNanos > 0) {
      predictedStepTime.record(predictedNanos);
      double error = (double) Math.abs(predictedNanos - stepNanos) / Math.max(1, stepNanos);
      predictionError.record(Math.round(error * MILLION));
    }
  }

  /**
   * What waits while a step is computed, and is not in it.
   *
   * @param blocks blocks and pushed tokens
   * @param prompts prompts of which nothing is in the step
   */
  public void queue(int blocks, int prompts) {
    waitingBlocks.set(blocks);
    waitingPrompts.set(prompts);
  }

  /**
   * A block was answered with a new token.
   *
   * @param draftCount drafts in it, without those that were cut off
   * @param verifiedCount drafts looked at: the accepted ones, and the first wrong one
   */
  public void round(int draftCount, int verifiedCount, int acceptedCount) {
    rounds.add(1);
    drafted.add(draftCount);
    verified.add(verifiedCount);
    accepted.add(acceptedCount);
    tokens.add(acceptedCount + 1L);
    for (int i = 0; i < Math.min(acceptedCount, acceptedAt.length()); i++) {
      acceptedAt.lazySet(i, acceptedAt.getPlain(i) + 1);
    }
  }

  /** Drafts of a block were left out of its step to save time. */
  public void trimmed(int drafts) {
    trimmed.add(drafts);
  }

  /** Tokens of the target's own: first and pushed ones. */
  public void tokens(int count) {
    tokens.add(count);
  }

  public void firstToken(long nanosSinceOpen) {
    timeToFirstToken.record(nanosSinceOpen);
  }

  /** Rows of prompts were computed. */
  public void promptTokens(int computed) {
    promptTokens.add(computed);
  }

  /**
   * A prompt was looked up among what is cached.
   *
   * @param hitTokens those of its tokens that need not be computed
   */
  public void prefix(int queriedTokens, int hitTokens) {
    prefixQueried.add(queriedTokens);
    prefixHit.add(hitTokens);
  }

  /** A session's K/V was moved out of the target's cache. */
  public void swappedOut(long bytes) {
    swapsOut.add(1);
    swappedSessions.add(1);
    swappedBytes.add(bytes);
  }

  /** A session's K/V was given up: it is computed again when it is needed. */
  public void evicted() {
    evictions.add(1);
  }

  /** A session's K/V was moved back into the target's cache. */
  public void swappedIn(long bytes) {
    swapsIn.add(1);
    swapDropped(bytes);
  }

  /** What was moved out is not needed any more: the session ended. */
  public void swapDropped(long bytes) {
    swappedSessions.add(-1);
    swappedBytes.add(-bytes);
  }

  /**
   * How many cells of the K/V cache are in use.
   *
   * @param used by open sessions
   * @param retained by sessions that have ended, for others that begin as they did
   */
  public void kvCells(long used, long retained, long total) {
    kvCellsUsed.set(used);
    kvCellsRetained.set(retained);
    kvCellsTotal.set(total);
  }

  /** What a row costs others at present. */
  public void price(double seconds) {
    price = seconds;
  }

  /** From the decoded block or prompt to the start of its first step. */
  public void queueTime(long nanos) {
    queueTime.record(Math.max(0, nanos));
  }

  /** A step took too long; the watchdog's thread. */
  public void stuckStep() {
    stuckSteps.add(1);
  }

  /** Event loops. */
  public void overhead(int micros) {
    overheadMicros.recordValue(Math.min(micros, HIGHEST_MICROS));
  }

  public int sessionsInUse() {
    return (int) sessionsInUse.get();
  }

  /** How often the draft at this position of a block was accepted. */
  long acceptedAt(int position) {
    return acceptedAt.get(position);
  }

  /** NaN as long as there is none. */
  public double price() {
    return price;
  }

  public long busyAnswers(BusyKind kind) {
    return busyAnswers.get(kind).get();
  }

  /** Requests that were answered BUSY; any thread. */
  public long busyAnswers() {
    long sum = 0;
    for (BusyKind kind : BusyKind.values()) {
      sum += busyAnswers(kind);
    }
    return sum;
  }

  long stuckSteps() {
    return stuckSteps.get();
  }

  public ServerSnapshot snapshot() {
    synchronized (allOverheadMicros) {
      interval = overheadMicros.getIntervalHistogram(interval);
      allOverheadMicros.add(interval);
      return new ServerSnapshot(
          sessionsInUse(),
          sessionsOpened.get(),
          busyAnswers(),
          steps.get(),
          passes.get(),
          usefulRows.get() + paddingRows.get(),
          usefulRows.get(),
          rounds.get(),
          drafted.get(),
          accepted.get(),
          tokens.get(),
          swapsOut.get(),
          kvCellsUsed.get(),
          allOverheadMicros.getTotalCount() == 0 ? null : allOverheadMicros.copy());
    }
  }
}
