package org.sled.bench.trace;

import java.util.Arrays;
import org.sled.bridge.NativeSampling;
import org.sled.jni.DraftChoice;
import org.sled.jni.DraftContext;
import org.sled.jni.DraftParams;
import org.sled.jni.Model;
import org.sled.jni.TokenBuffer;

/**
 * What a draft model proposes at every position of a text, and how long it takes. One thread.
 *
 * <p>The model's own times here are those of an idle machine. Where devices drafted under load, the
 * times are stretched by what their blocks took longer.
 */
final class PositionDrafts implements AutoCloseable {
  private static final int CHUNK_TOKENS = 64;
  private static final double NANOS_PER_MICRO = 1e3;

  private final int contextTokens;
  private final int vocabularySize;
  private final DraftContext context;
  private final DraftChoice choice = new DraftChoice();

  PositionDrafts(Model model, int mostTokens, int threads) {
    contextTokens = Math.min(mostTokens, model.info().contextTrainTokens());
    vocabularySize = model.info().vocabularyTokens();
    context =
        DraftContext.open(
            model, DraftParams.DEFAULT.withContextTokens(contextTokens).withThreads(threads));
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
    context.sample(NativeSampling.of(recording.request.sampling()));
    int[][] drafts = new int[tokens.length][];
    float[][] confidence = new float[tokens.length][];
    long[] firstNanos = new long[tokens.length];
    long[] nextNanos = new long[tokens.length];
    long prefillNanos;
    try (TokenBuffer text = new TokenBuffer(prompt.length + tokens.length);
        TokenBuffer one = new TokenBuffer(1)) {
      text.addAll(prompt);
      text.addAll(tokens);
      prefillNanos = prefill(text, prompt.length);
      for (int i = 0; i < tokens.length; i++) {
        propose(i, prompt.length + i, text, one, drafts, confidence, firstNanos, nextNanos);
        positionDone.run();
      }
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

  /** Decodes the prompt, whose newest token is left to the first block. */
  private long prefill(TokenBuffer text, int promptTokens) throws InterruptedException {
    long start = System.nanoTime();
    int end = Math.min(promptTokens, contextTokens);
    for (int position = 0; position < end; position += CHUNK_TOKENS) {
      stopIfInterrupted();
      int count = Math.min(CHUNK_TOKENS, end - position);
      context.decode(position, text.addressOf(position), count, choice);
    }
    return System.nanoTime() - start;
  }

  /** The drafts behind C committed tokens, of which all but the newest are in the cache. */
  private void propose(
      int index,
      int committed,
      TokenBuffer text,
      TokenBuffer one,
      int[][] drafts,
      float[][] confidence,
      long[] firstNanos,
      long[] nextNanos)
      throws InterruptedException {
    stopIfInterrupted();
    int room = Math.min(TraceRecorder.DEPTH, contextTokens - committed + 1);
    int[] ids = new int[Math.max(0, room)];
    float[] probabilities = new float[ids.length];
    int count = 0;
    long start = System.nanoTime();
    long afterFirst = start;
    while (count < ids.length) {
      if (count == 0) {
        context.decode(committed - 1, text.addressOf(committed - 1), 1, choice);
        afterFirst = System.nanoTime();
      } else {
        one.clear();
        one.add(ids[count - 1]);
        context.decode(committed - 1 + count, one.addressOf(0), 1, choice);
      }
      // Compared unsigned: -1, no usable logits, ends the block too.
      if (Integer.compareUnsigned(choice.token(), vocabularySize) >= 0) {
        break;
      }
      ids[count] = choice.token();
      probabilities[count] = Math.round(choice.probability() * 1e4f) / 1e4f;
      count++;
    }
    drafts[index] = Arrays.copyOf(ids, count);
    confidence[index] = Arrays.copyOf(probabilities, count);
    firstNanos[index] = afterFirst - start;
    nextNanos[index] = count > 1 ? (System.nanoTime() - afterFirst) / (count - 1) : 0;
  }

  private static void stopIfInterrupted() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
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
    context.close();
    choice.close();
  }
}
