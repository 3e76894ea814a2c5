package org.sled.device;

/**
 * Drafts with a model, and keeps its K/V cache in step with what is committed.
 *
 * <p>The cache holds positions 0 to {@code cached − 1}, and all of them are committed tokens when a
 * block begins. Drafting a token needs its predecessor decoded, so a block of k leaves K/V up to
 * its last but one token; after a fully accepted block two tokens are due, the last draft and the
 * server's own. What is due is decoded in one call with the first draft's predecessor; what was
 * rejected is rolled back by position. The cache is never built anew.
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

  ModelBlockDrafter(Drafter drafter, int targetVocabularySize) {
    this.drafter = drafter;
    this.targetVocabularySize = targetVocabularySize;
  }

  @Override
  public void begin(GenerationRequest request) {
    cached = 0; // of another text
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
  public int room(int committedLength) {
    // k drafts take positions up to C − 1 + k − 1.
    return drafter.contextTokens() - committedLength + 1;
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
  public int draft(TokenHistory history, int count) {
    int committed = history.committedLength();
    while (committed - cached > CHUNK_TOKENS) {
      decode(history, cached, CHUNK_TOKENS);
    }
    int from = Math.min(cached, committed - 1);
    int token = decode(history, from, committed - from);
    for (int i = 0; ; i++) {
      // Compared unsigned: -1, no usable logits, ends the block too.
      if (Integer.compareUnsigned(token, targetVocabularySize) >= 0) {
        return i;
      }
      history.put(committed + i, token);
      if (i + 1 == count) {
        return count;
      }
      token = decode(history, committed + i, 1);
    }
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
