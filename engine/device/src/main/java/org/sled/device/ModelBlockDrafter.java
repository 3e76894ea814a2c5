package org.sled.device;

/**
 * Drafts with a model, and keeps its K/V cache in step with what is committed.
 *
 * <p>The cache holds positions 0 to {@code cached − 1}, all of them tokens that stand. Drafting a
 * token needs its predecessor decoded, so the newest draft has no K/V; after a fully accepted block
 * two tokens are due, the last draft and the server's own, unless that was guessed. What is due is
 * decoded in one call with the next draft's predecessor; what was rejected is rolled back by
 * position. The cache is never built anew.
 *
 * <p>Belongs to the draft thread.
 */
final class ModelBlockDrafter implements BlockDrafter {
  /**
   * Prompt tokens per call: on a Pi with a 0.5B draft about a second, in which a cancel or the
   * server's first token waits.
   */
  private static final int CHUNK_TOKENS = 64;

  private final Drafter drafter;
  private final int targetVocabularySize;
  private int cached;
  private boolean ignoresEnd;

  ModelBlockDrafter(Drafter drafter, int targetVocabularySize) {
    this.drafter = drafter;
    this.targetVocabularySize = targetVocabularySize;
  }

  @Override
  public void begin(GenerationRequest request) {
    cached = 0; // of another text
    ignoresEnd = request.ignoreEnd();
    drafter.sample(request.sampling());
  }

  @Override
  public boolean prefillChunk(TokenHistory history) {
    int end = Math.min(history.committedLength() - 1, drafter.contextTokens());
    int count = Math.min(CHUNK_TOKENS, end - cached);
    if (count <= 0 || !takesAll(history, cached, count)) {
      return false;
    }
    decode(history, cached, count);
    return true;
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
    for (int i = 0; i < count; i++) {
      if (history.get(position + i) >= drafter.vocabularyRows()) {
        return false;
      }
    }
    return true;
  }

  @Override
  public float draftNext(TokenHistory history, int position) {
    while (position - cached > CHUNK_TOKENS) {
      decode(history, cached, CHUNK_TOKENS);
    }
    int from = Math.min(cached, position - 1);
    int token = decode(history, from, position - from);
    // Compared unsigned: -1, no usable logits, is none either.
    if (Integer.compareUnsigned(token, targetVocabularySize) >= 0) {
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
    int token = drafter.decode(position, history.address(position), count);
    cached = position + count;
    return token;
  }

  @Override
  public void close() {
    drafter.close();
  }
}
