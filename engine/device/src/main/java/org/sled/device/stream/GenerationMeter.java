package org.sled.device.stream;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;
import org.sled.device.GenerationStats;

/**
 * Counts what happens in one generation. The draft thread records, any thread takes a {@link
 * #snapshot}; both for less than a microsecond, so that one lock does.
 */
public final class GenerationMeter {
  /** Longer times are recorded as this: something else is wrong then. */
  private static final long HIGHEST_MICROS = TimeUnit.MINUTES.toMicros(10);

  private static final int SIGNIFICANT_DIGITS = 3;

  /** Longer than the blocks that servers take in practice; whoever asks for more gets these. */
  private static final int MOST_POSITIONS = 1024;

  private final LongSupplier clock;
  private final long startNanos;
  private final Histogram roundMicros = new Histogram(HIGHEST_MICROS, SIGNIFICANT_DIGITS);
  private final Histogram draftMicros = new Histogram(HIGHEST_MICROS, SIGNIFICANT_DIGITS);
  private final Histogram overheadMicros = new Histogram(HIGHEST_MICROS, SIGNIFICANT_DIGITS);
  private final long[] looked;
  private final long[] matched;

  private int tokens;
  private int rounds;
  private int resumes;
  private long drafted;
  private long accepted;
  private long firstTokenNanos = -1;
  private long newestTokenNanos;
  private long bytesUp;
  private long bytesDown;

  /**
   * Starts its time.
   *
   * @param draftTokens positions of a block that are counted apart, if a block can have so many
   * @param clock gives ns, from any origin
   */
  public GenerationMeter(int draftTokens, LongSupplier clock) {
    this.clock = clock;
    startNanos = clock.getAsLong();
    int positions = Math.min(draftTokens, MOST_POSITIONS);
    looked = new long[positions];
    matched = new long[positions];
  }

  /** Now, by the clock that it measures with. */
  public long nanoTime() {
    return clock.getAsLong();
  }

  public synchronized void tokens(int count) {
    long now = clock.getAsLong();
    if (firstTokenNanos < 0) {
      firstTokenNanos = now - startNanos;
    }
    newestTokenNanos = now - startNanos;
    tokens += count;
  }

  public synchronized void block(int blockDrafted, long nanos) {
    draftMicros.recordValue(micros(nanos));
    drafted += blockDrafted;
  }

  public synchronized void verdict(int blockVerified, int blockAccepted, long roundNanos) {
    rounds++;
    accepted += blockAccepted;
    roundMicros.recordValue(micros(roundNanos));
    // A backlog after an outage comes in longer blocks.
    for (int i = 0; i < Math.min(blockVerified, looked.length); i++) {
      looked[i]++;
    }
    for (int i = 0; i < Math.min(blockAccepted, looked.length); i++) {
      matched[i]++;
    }
  }

  /** Drafts that no verdict came for, or a stale one, or that were cut off: as if not drafted. */
  public synchronized void blockDropped(int blockDrafted) {
    drafted -= blockDrafted;
  }

  /** The stream went on over another connection. */
  public synchronized void resumed() {
    resumes++;
  }

  public synchronized void overhead(int micros) {
    overheadMicros.recordValue(Math.min(micros, HIGHEST_MICROS));
  }

  public synchronized void bytesUp(long bytes) {
    bytesUp += bytes;
  }

  public synchronized void bytesDown(int bytes) {
    bytesDown += bytes;
  }

  private static long micros(long nanos) {
    return Math.min(Math.max(0, TimeUnit.NANOSECONDS.toMicros(nanos)), HIGHEST_MICROS);
  }

  public synchronized GenerationStats snapshot() {
    return new GenerationStats(
        tokens,
        rounds,
        resumes,
        drafted,
        accepted,
        LongStream.of(looked).boxed().toList(),
        LongStream.of(matched).boxed().toList(),
        roundMicros.copy(),
        draftMicros.copy(),
        overheadMicros.copy(),
        firstTokenNanos,
        newestTokenNanos,
        bytesUp,
        bytesDown);
  }
}
