package org.sled.device.draft;

import org.sled.device.GenerationRequest;
import org.sled.device.stream.TokenHistory;

/**
 * Where drafts come from, one token at a time, behind committed tokens and the drafts before it.
 * One generation at a time; its calls come from the draft thread.
 */
public interface BlockDrafter extends AutoCloseable {
  /** What {@link #draftNext} gives where it has nothing to propose. */
  float NONE = -1;

  /**
   * A generation begins, with nothing but its prompt; called before all others.
   *
   * @param request what is generated, and how tokens are chosen
   * @throws org.sled.jni.SledException if it cannot draft for this
   */
  void begin(GenerationRequest request);

  /**
   * Works on a chunk of the committed tokens: those of the prompt while the server does the same,
   * and those that the server made alone. Takes about as long as a cancel, or the server's next
   * token, may wait: a quarter of a second at most.
   *
   * @return false if there was nothing to do
   * @throws org.sled.jni.SledException if it failed
   */
  boolean prefillChunk(TokenHistory history);

  /**
   * How long {@link #prefillChunk} would be at work until nothing is due before a draft but what
   * goes along with it, ns; 0 if that is so already. By default nothing is ever due.
   */
  default long dueNanos(TokenHistory history) {
    return 0;
  }

  /** How many tokens it can draft behind so many; may be negative. */
  int room(int length);

  /** Whether every committed token that it did not work on yet is one that it knows. */
  boolean takesDueTokens(TokenHistory history);

  /**
   * Whether it has something to propose at a position; asked before a block, where waiting for a
   * proposal would cost more than letting the server go on alone. By default it always has.
   */
  default boolean hasProposal(TokenHistory history, int position) {
    return true;
  }

  /**
   * Drafts one token into the history; not where more than a chunk is due ({@link #dueNanos}).
   *
   * @param position where: C, or behind the drafts that stand already
   * @return the probability that it gave the token, NaN if it has none; {@link #NONE}, and the
   *     history is as before, where it would propose what is no token of the target
   * @throws org.sled.jni.SledException if it failed
   */
  float draftNext(TokenHistory history, int position);

  /** Whether the text usually ends with this token; asked where nobody else can say so. */
  default boolean endsText(int token) {
    return false;
  }

  /** Only the first {@code length} positions stand; the others were drafts that do not. */
  void keep(int length);

  /** Frees what it holds; no generation uses it any more. */
  @Override
  void close();
}
