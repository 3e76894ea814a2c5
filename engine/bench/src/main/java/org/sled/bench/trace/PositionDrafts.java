package org.sled.bench.trace;

import java.util.Arrays;
import org.sled.device.draft.DraftTokens;
import org.sled.jni.Model;

/**
 * What a draft model proposes at every position of a text, and how long it takes. One thread.
 *
 * <p>The model's own times here are those of an idle machine. Where devices drafted under load, the
 * times are stretched by what their blocks took longer.
 */
final class PositionDrafts implements AutoCloseable {
  private static final double NANOS_PER_MICRO = 1e3;

  private final ProposalChain chain;

  /** Opens a context of the draft model; see {@link ProposalChain}. */
  PositionDrafts(Model model, DraftTokens draftTokens, int mostTokens, int threads, int depth) {
    chain = new ProposalChain(model, draftTokens, mostTokens, threads, depth);
  }

  /**
   * Proposes at every position of a recording.
   *
   * @param positionDone is run behind each of them
   * @throws InterruptedException if the thread was interrupted
   */
  TraceStream of(TraceRecorder.Recording recording, Runnable positionDone)
      throws InterruptedException {
    int[] prompt = recording.request.prompt().toArray();
    int[] tokens = recording.tokens.stream().mapToInt(Integer::intValue).toArray();
    int[][] drafts = new int[tokens.length][];
    float[][] confidence = new float[tokens.length][];
    long[] firstNanos = new long[tokens.length];
    long[] nextNanos = new long[tokens.length];
    long prefillNanos = chain.begin(recording.request.sampling(), prompt);
    for (int i = 0; i < tokens.length; i++) {
      chain.propose();
      drafts[i] = chain.tokens();
      confidence[i] = chain.probabilities();
      firstNanos[i] = chain.firstNanos();
      nextNanos[i] = chain.nextNanos();
      chain.commit(tokens[i]);
      positionDone.run();
    }
    double stretch = stretch(recording, firstNanos, nextNanos);
    return new TraceStream(
        recording.request.promptNumber(),
        prompt,
        recording.request.maxTokens(),
        recording.request.ignoreEnd(),
        recording.request.sampling(),
        tokens,
        (int) Math.round(prefillNanos * stretch / NANOS_PER_MICRO),
        drafts,
        confidence,
        micros(firstNanos, stretch),
        micros(nextNanos, stretch));
  }

  /** Tokens that were decoded for proposals so far. */
  long decodes() {
    return chain.decodes();
  }

  /** How much longer the devices' blocks took than they do here; 1 if they drafted none. */
  private static double stretch(
      TraceRecorder.Recording recording, long[] firstNanos, long[] nextNanos) {
    double live = 0;
    double here = 0;
    for (TraceRecorder.Recording.LiveBlock block : recording.blocks) {
      int i = block.generated();
      if (i > 0 && i < firstNanos.length) {
        live += block.nanos();
        here += firstNanos[i] + (block.drafted() - 1.0) * nextNanos[i];
      }
    }
    return live > 0 && here > 0 ? live / here : 1;
  }

  private static int[] micros(long[] nanos, double stretch) {
    return Arrays.stream(nanos)
        .mapToInt(value -> (int) Math.round(value * stretch / NANOS_PER_MICRO))
        .toArray();
  }

  @Override
  public void close() {
    chain.close();
  }
}
