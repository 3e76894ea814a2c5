package org.sled.bench.trace;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.sled.device.BlockDrafter;
import org.sled.device.GenerationRequest;
import org.sled.device.Pace;
import org.sled.device.TokenHistory;

/** Proposes what a {@link DraftTrace} says, in the time that it says, and computes nothing. */
public final class ReplayDrafter implements BlockDrafter {
  private final DraftTrace trace;
  private final long nanosPerToken;
  private final LongAdder divergences;
  private final Pace pace = new Pace();

  private TraceStream stream;
  private int checkedLength;
  private long promptReadyNanos;
  private boolean diverged;

  /**
   * A replayed device's drafter.
   *
   * @param tokensPerSecond drafts per second of the device; 0 for the times of the trace
   * @param divergences counts generations whose text is not the trace's: nothing is drafted for
   *     them from there on
   */
  public ReplayDrafter(DraftTrace trace, double tokensPerSecond, LongAdder divergences) {
    this.trace = trace;
    this.divergences = divergences;
    nanosPerToken = tokensPerSecond > 0 ? (long) (1e9 / tokensPerSecond) : 0;
  }

  @Override
  public void begin(GenerationRequest request) {
    stream = trace.find(request.prompt(), request.sampling());
    if (stream == null) {
      throw new IllegalArgumentException(
          "the trace has no generation for this prompt and sampling; record one with them");
    }
    checkedLength = stream.prompt().length;
    diverged = false;
    promptReadyNanos =
        System.nanoTime() + TimeUnit.MICROSECONDS.toNanos(Math.max(0, stream.prefillMicros()));
  }

  @Override
  public boolean prefillChunk(TokenHistory history) {
    return false; // takes time, but nothing is to be done
  }

  @Override
  public int room(int committedLength) {
    return Integer.MAX_VALUE;
  }

  @Override
  public boolean takesDueTokens(TokenHistory history) {
    return true;
  }

  @Override
  public int draft(TokenHistory history, int count) {
    long startNanos = System.nanoTime();
    int generated = history.committedLength() - stream.prompt().length;
    if (!follows(history, generated)) {
      return 0;
    }
    int[] drafts = stream.drafts()[generated];
    int drafted = Math.min(count, drafts.length);
    for (int i = 0; i < drafted; i++) {
      history.put(history.committedLength() + i, drafts[i]);
    }
    if (drafted > 0) {
      long waitNanos = Math.max(0, promptReadyNanos - startNanos);
      pace.finish(startNanos, waitNanos + draftNanos(generated, drafted));
    }
    return drafted;
  }

  private long draftNanos(int generated, int drafted) {
    if (nanosPerToken > 0) {
      return drafted * nanosPerToken;
    }
    return TimeUnit.MICROSECONDS.toNanos(
        stream.firstMicros()[generated] + (drafted - 1L) * stream.nextMicros()[generated]);
  }

  /** Whether what is committed is what was recorded. */
  private boolean follows(TokenHistory history, int generated) {
    if (diverged || generated >= stream.tokens().length) {
      return false;
    }
    for (; checkedLength < history.committedLength(); checkedLength++) {
      int expected = stream.tokens()[checkedLength - stream.prompt().length];
      if (history.get(checkedLength) != expected) {
        diverged = true;
        divergences.increment();
        return false;
      }
    }
    return true;
  }

  @Override
  public void keep(int length) {
    // There is no cache.
  }

  @Override
  public void close() {}
}
