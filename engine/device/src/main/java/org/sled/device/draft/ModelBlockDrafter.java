package org.sled.device.draft;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.sled.device.GenerationRequest;
import org.sled.device.stream.TokenHistory;
import org.sled.jni.TokenBuffer;
import org.sled.net.protocol.Sampling;

/**
 * Drafts with a model, and keeps its K/V cache in step with what is committed.
 *
 * <p>The cache holds positions 0 to {@code cached − 1}, all of them tokens that stand. Drafting a
 * token needs its predecessor decoded, so the newest draft has no K/V; after a fully accepted block
 * two tokens are due, the last draft and the server's own, unless that was guessed. What is due is
 * decoded in one call with the next draft's predecessor, unless it is more than a chunk; what was
 * rejected is rolled back by position. The cache is never built anew.
 *
 * <p>Belongs to the draft thread.
 */
public final class ModelBlockDrafter implements BlockDrafter {
  /** A call may last so long: a cancel, or the server's next token, waits for it. */
  public static final long CHUNK_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  /** More tokens in a call do not make each of them cheaper. */
  static final int MOST_CHUNK_TOKENS = 64;

  /** With fewer tokens in a call each of them costs nearly as much as a draft, however long. */
  public static final int LEAST_CHUNK_TOKENS = 8;

  /** What a token takes in a chunk, until one has shown it: on a Pi with a 0.5B draft. */
  private static final double FIRST_NANOS_PER_TOKEN = 1e9 / 64;

  private final Drafter drafter;
  private final int targetVocabularySize;
  private final DraftTokens draftTokens; // null: all of the target's
  private final TokenBuffer fed; // null where the history can be fed as it is
  private final LongSupplier clock;
  private double nanosPerToken; // in chunks; of drafts no more than that is known
  private int chunkTokens; // that take CHUNK_NANOS
  private int cached;
  private boolean ignoresEnd;

  public ModelBlockDrafter(Drafter drafter, int targetVocabularySize, DraftTokens draftTokens) {
    this(drafter, targetVocabularySize, draftTokens, System::nanoTime);
  }

  /**
   * Creates it.
   *
   * @param targetVocabularySize ids that the target has
   * @param draftTokens which of them the draft model knows; null: all
   * @param clock gives ns, from any origin
   */
  public ModelBlockDrafter(
      Drafter drafter, int targetVocabularySize, DraftTokens draftTokens, LongSupplier clock) {
    this.drafter = drafter;
    this.targetVocabularySize = targetVocabularySize;
    this.draftTokens = draftTokens;
    fed = draftTokens == null ? null : new TokenBuffer(MOST_CHUNK_TOKENS);
    this.clock = clock;
    takes(FIRST_NANOS_PER_TOKEN);
  }

  private void takes(double newNanosPerToken) {
    nanosPerToken = Math.max(1, newNanosPerToken);
    double tokens = Math.min(MOST_CHUNK_TOKENS, CHUNK_NANOS / nanosPerToken);
    chunkTokens = Math.max(LEAST_CHUNK_TOKENS, (int) tokens);
  }

  @Override
  public void begin(GenerationRequest request) {
    cached = 0; // of another text
    ignoresEnd = request.ignoreEnd();
    Sampling sampling = request.sampling();
    drafter.sample(draftTokens == null ? sampling : draftTokens.known(sampling));
  }

  @Override
  public boolean prefillChunk(TokenHistory history) {
    int count = Math.min(chunkTokens, dueTokens(history));
    if (count <= 0 || !takesAll(history, cached, count)) {
      return false;
    }
    double nanos = decodeChunk(history, count);
    if (count >= LEAST_CHUNK_TOKENS) {
      takes(nanos / count);
    }
    return true;
  }

  private double decodeChunk(TokenHistory history, int count) {
    long startNanos = clock.getAsLong();
    decode(history, cached, count);
    return (double) (clock.getAsLong() - startNanos);
  }

  /** Committed tokens that are not decoded, but for the newest: it goes along with a draft. */
  private int dueTokens(TokenHistory history) {
    return Math.min(history.committedLength() - 1, drafter.contextTokens()) - cached;
  }

  @Override
  public long dueNanos(TokenHistory history) {
    int due = dueTokens(history);
    return due <= LEAST_CHUNK_TOKENS ? 0 : (long) (due * nanosPerToken);
  }

  @Override
  public int room(int length) {
    // The last draft is not decoded.
    return drafter.contextTokens() - length + 1;
  }

  @Override
  public boolean takesDueTokens(TokenHistory history) {
    return takesAll(history, cached, history.committedLength() - cached);
  }

  private boolean takesAll(TokenHistory history, int position, int count) {
    if (draftTokens != null) {
      return true; // others are replaced
    }
    for (int i = 0; i < count; i++) {
      if (history.get(position + i) >= drafter.vocabularyRows()) {
        return false;
      }
    }
    return true;
  }

  @Override
  public float draftNext(TokenHistory history, int position) {
    while (position - cached > MOST_CHUNK_TOKENS) {
      decode(history, cached, MOST_CHUNK_TOKENS); // in all no more than CHUNK_NANOS
    }
    int from = Math.min(cached, position - 1);
    int count = position - from;
    long startNanos = clock.getAsLong();
    int token = decode(history, from, count);
    double nanos = (double) (clock.getAsLong() - startNanos);
    // A token in a chunk takes no longer than one by itself.
    takes(Math.min(nanosPerToken, nanos / count));
    // Compared unsigned: -1, no usable logits, is none either.
    boolean isTargets = Integer.compareUnsigned(token, targetVocabularySize) < 0;
    if (!isTargets || (draftTokens != null && !draftTokens.shared().test(token))) {
      return NONE;
    }
    history.put(position, token);
    return drafter.probability();
  }

  @Override
  public boolean endsText(int token) {
    return !ignoresEnd && drafter.endsText(token);
  }

  @Override
  public void keep(int length) {
    cached = Math.min(cached, length);
  }

  private int decode(TokenHistory history, int position, int count) {
    // Whatever happens in there, nothing beyond the position can be relied on until it is over.
    cached = 0;
    int token = drafter.decode(position, addressOf(history, position, count), count);
    cached = position + count;
    return token;
  }

  private long addressOf(TokenHistory history, int position, int count) {
    if (draftTokens == null) {
      return history.address(position);
    }
    fed.clear();
    for (int i = 0; i < count; i++) {
      fed.add(draftTokens.fed(history.get(position + i)));
    }
    return fed.addressOf(0);
  }

  @Override
  public void close() {
    drafter.close();
    if (fed != null) {
      fed.close();
    }
  }
}
