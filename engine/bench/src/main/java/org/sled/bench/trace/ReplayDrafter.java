package org.sled.bench.trace;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.sled.device.GenerationRequest;
import org.sled.device.draft.BlockDrafter;
import org.sled.device.draft.ModelBlockDrafter;
import org.sled.device.draft.Pace;
import org.sled.device.stream.TokenHistory;

/**
 * Proposes what a {@link DraftTrace} says, in the time that it says, and computes nothing. It works
 * on prompts in chunks, as a draft model does: so nothing that the server says waits for a prompt.
 */
public final class ReplayDrafter implements BlockDrafter {
  private final DraftTrace trace;
  private final long nanosPerToken;
  private final LongAdder divergences;
  private final Pace pace;

  private TraceStream stream;
  private int checkedLength;
  private long dueNanos; // of work on the prompt
  private boolean diverged;

  /**
   * A replayed device's drafter.
   *
   * @param pace that it drafts at
   * @param tokensPerSecond drafts per second of the device, which works on prompts as much faster
   *     or slower than the recorded one; 0 for the times of the trace
   * @param divergences counts generations whose text is not the trace's: nothing is drafted for
   *     them from there on
   */
  public ReplayDrafter(Pace pace, DraftTrace trace, double tokensPerSecond, LongAdder divergences) {
    this.pace = pace;
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
    dueNanos = trace.promptNanos(stream, nanosPerToken);
  }

  @Override
  public boolean prefillChunk(TokenHistory history) {
    if (dueNanos <= 0) {
      return false;
    }
    long chunkNanos = Math.min(dueNanos, ModelBlockDrafter.CHUNK_NANOS);
    pace.finish(pace.nanoTime(), chunkNanos);
    dueNanos -= chunkNanos;
    return true;
  }

  @Override
  public long dueNanos(TokenHistory history) {
    return dueNanos;
  }

  @Override
  public int room(int length) {
    return Integer.MAX_VALUE;
  }

  @Override
  public boolean takesDueTokens(TokenHistory history) {
    return true;
  }

  @Override
  public boolean hasProposal(TokenHistory history, int position) {
    return follows(history, history.committedLength() - stream.prompt().length);
  }

  @Override
  public float draftNext(TokenHistory history, int position) {
    long startNanos = pace.nanoTime();
    int generated = history.committedLength() - stream.prompt().length;
    if (!follows(history, generated)) {
      return NONE;
    }
    // Behind drafts that are all right the model proposes what it does behind the text itself.
    int place = generated;
    int drafts = position - history.committedLength();
    while (drafts > 0
        && place + 1 < stream.tokens().length
        && history.get(stream.prompt().length + place) == stream.tokens()[place]) {
      place++;
      drafts--;
    }
    int[] proposed = stream.drafts()[place];
    if (proposed.length == 0) {
      return NONE;
    }
    // Behind a wrong one nothing can be right: whatever stands there is not looked at.
    int index = Math.min(drafts, proposed.length - 1);
    history.put(position, proposed[index]);
    pace.finish(startNanos, dueNanos + draftNanos(place, position > history.committedLength()));
    dueNanos = 0;
    return stream.confidence()[place][index];
  }

  private long draftNanos(int place, boolean behindDrafts) {
    if (nanosPerToken > 0) {
      return nanosPerToken;
    }
    int micros = behindDrafts ? stream.nextMicros()[place] : stream.firstMicros()[place];
    return TimeUnit.MICROSECONDS.toNanos(micros > 0 ? micros : stream.firstMicros()[place]);
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
