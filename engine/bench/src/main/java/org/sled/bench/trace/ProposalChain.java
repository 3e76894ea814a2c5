package org.sled.bench.trace;

import java.util.Arrays;
import org.sled.bridge.NativeSampling;
import org.sled.device.draft.DraftTokens;
import org.sled.jni.DraftChoice;
import org.sled.jni.DraftContext;
import org.sled.jni.DraftParams;
import org.sled.jni.Model;
import org.sled.jni.TokenBuffer;
import org.sled.net.protocol.Sampling;

/**
 * What a draft model proposes behind a text, as the text goes on token by token. One thread.
 *
 * <p>Where the first proposal is the text's next token, the proposals behind that are the others,
 * and one more: they follow the same tokens, each decoded by itself at the same position, and a
 * choice depends on nothing but those, the sampling parameters, the seed and the position. So one
 * token is decoded there; behind a wrong first proposal all are.
 */
final class ProposalChain implements AutoCloseable {
  private static final int CHUNK_TOKENS = 64;

  private final int contextTokens;
  private final int vocabularySize;
  private final DraftTokens draftTokens; // null: all of the target's
  private final DraftContext context;
  private final DraftChoice choice = new DraftChoice();
  private final TokenBuffer one = new TokenBuffer(1);

  private int textLength; // C: all of these tokens but the newest are in the cache
  private int newestToken;

  // The proposals behind them, of which all but the newest are in the cache.
  private final int[] tokens;
  private final float[] probabilities;
  private final long[] nanos;
  private int length;
  private boolean ended; // what would follow is no proposal
  private long decodes;
  private long decodeNanos;

  /**
   * Opens a context of the draft model.
   *
   * @param draftTokens which of the target's tokens it knows; null: all
   * @param mostTokens of a text and its proposals; fewer if the model has not as many
   * @param depth proposals at most
   */
  ProposalChain(Model model, DraftTokens draftTokens, int mostTokens, int threads, int depth) {
    this.draftTokens = draftTokens;
    contextTokens = Math.min(mostTokens, model.info().contextTrainTokens());
    vocabularySize = model.info().vocabularyTokens();
    tokens = new int[depth];
    probabilities = new float[depth];
    nanos = new long[depth];
    context =
        DraftContext.open(
            model, DraftParams.DEFAULT.withContextTokens(contextTokens).withThreads(threads));
  }

  /**
   * Begins another text, and decodes its prompt.
   *
   * @return how long that took, ns
   * @throws InterruptedException if the thread was interrupted
   */
  long begin(Sampling sampling, int... prompt) throws InterruptedException {
    context.sample(NativeSampling.of(draftTokens == null ? sampling : draftTokens.known(sampling)));
    long start = System.nanoTime();
    try (TokenBuffer text = new TokenBuffer(prompt.length)) {
      for (int token : prompt) {
        text.add(fed(token));
      }
      int end = Math.min(prompt.length, contextTokens);
      for (int position = 0; position < end; position += CHUNK_TOKENS) {
        stopIfInterrupted();
        int count = Math.min(CHUNK_TOKENS, end - position);
        context.decode(position, text.addressOf(position), count, choice);
      }
    }
    textLength = prompt.length;
    newestToken = prompt[prompt.length - 1];
    drop();
    return System.nanoTime() - start;
  }

  private void drop() {
    length = 0;
    ended = false;
    nanos[0] = 0;
  }

  /** The text goes on by a token: the proposals stand if they begin with that. */
  void commit(int token) {
    textLength++;
    newestToken = token;
    if (length == 0 || tokens[0] != token) {
      drop();
      return;
    }
    length--;
    System.arraycopy(tokens, 1, tokens, 0, length);
    System.arraycopy(probabilities, 1, probabilities, 0, length);
    System.arraycopy(nanos, 1, nanos, 0, nanos.length - 1);
    if (length == 0 && !ended) {
      drop();
    }
  }

  /**
   * Proposes as many tokens as there may be.
   *
   * @throws InterruptedException if the thread was interrupted
   */
  void propose() throws InterruptedException {
    stopIfInterrupted();
    int room = Math.min(tokens.length, contextTokens - textLength + 1);
    while (length < room && !ended) {
      one.clear();
      // A proposal is a token that the draft model knows.
      one.add(length == 0 ? fed(newestToken) : tokens[length - 1]);
      long start = System.nanoTime();
      context.decode(textLength - 1 + length, one.addressOf(0), 1, choice);
      nanos[length] = System.nanoTime() - start;
      decodeNanos += nanos[length];
      decodes++;
      ended = !isProposed(choice.token());
      if (!ended) {
        tokens[length] = choice.token();
        probabilities[length] = Math.round(choice.probability() * 1e4f) / 1e4f;
        length++;
      }
    }
  }

  private int fed(int token) {
    return draftTokens == null ? token : draftTokens.fed(token);
  }

  private boolean isProposed(int token) {
    // Compared unsigned: -1, no usable logits, ends the block too.
    return Integer.compareUnsigned(token, vocabularySize) < 0
        && (draftTokens == null || draftTokens.shared().test(token));
  }

  private static void stopIfInterrupted() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }

  /** The proposals. */
  int[] tokens() {
    return Arrays.copyOf(tokens, length);
  }

  /** The draft model's probability of each of them, to four digits. */
  float[] probabilities() {
    return Arrays.copyOf(probabilities, length);
  }

  /** Time for the first of them, ns. */
  long firstNanos() {
    return nanos[0];
  }

  /** Time for each further one, on average, ns; 0 without any. */
  long nextNanos() {
    return length > 1 ? Arrays.stream(nanos, 1, length).sum() / (length - 1) : 0;
  }

  /** Tokens that were decoded one by one so far. */
  long decodes() {
    return decodes;
  }

  /** How long that took, ns. */
  long decodeNanos() {
    return decodeNanos;
  }

  @Override
  public void close() {
    context.close();
    choice.close();
    one.close();
  }
}
