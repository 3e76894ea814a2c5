package org.sled.device;

/**
 * Proposes blocks of tokens behind what is committed. What it proposes changes the speed, never the
 * text. Real: {@link ModelBlockDrafter}; measurements replay recorded drafts.
 *
 * <p>Serves one generation after another, each on its draft thread.
 */
public interface BlockDrafter extends AutoCloseable {
  /**
   * A generation begins, with nothing but its prompt; called before all others.
   *
   * @param request what is generated, and how tokens are chosen
   * @throws org.sled.jni.SledException if it cannot draft for this
   */
  void begin(GenerationRequest request);

  /**
   * Works on the committed tokens ahead of the first block, for about as long as a cancel may wait.
   *
   * @return false if there was nothing to do
   * @throws org.sled.jni.SledException if it failed
   */
  boolean prefillChunk(TokenHistory history);

  /** How many drafts there is room for behind C committed tokens; may be negative. */
  int room(int committedLength);

  /** Whether every committed token that it did not work on yet is one that it knows. */
  boolean takesDueTokens(TokenHistory history);

  /**
   * Drafts up to {@code count} tokens into the history, from position C on.
   *
   * @param count at least 1, at most {@link #room}
   * @return how many; fewer where it would propose what is no token of the target
   * @throws org.sled.jni.SledException if it failed
   */
  int draft(TokenHistory history, int count);

  /** Only the first {@code length} positions stand; the others were drafts that do not. */
  void keep(int length);

  /** Frees what it holds; no generation uses it any more. */
  @Override
  void close();
}
