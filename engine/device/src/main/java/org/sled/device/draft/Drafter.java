package org.sled.device.draft;

import org.sled.jni.SledException;
import org.sled.net.protocol.Sampling;

/**
 * A draft model with its K/V cache. Real: {@link NativeDrafter}; tests script it. One thread at a
 * time.
 */
public interface Drafter extends AutoCloseable {
  /** Positions that its cache holds. */
  int contextTokens();

  /** Ids that it can take: from 0 to below this. */
  int vocabularyRows();

  /** From now on tokens are chosen like this; until then greedily. The cache stays as it is. */
  void sample(Sampling sampling);

  /**
   * Rolls the cache back to a position, decodes tokens there, and chooses the token that follows
   * them.
   *
   * @param position at most how many positions were decoded and not rolled back since
   * @param tokensAddress {@code tokenCount} little-endian int32 ids
   * @param tokenCount at least 1
   * @return the choice for the next position, or -1 if there is none
   * @throws SledException if it cannot; the cache is to be taken for empty then
   */
  int decode(int position, long tokensAddress, int tokenCount);

  /** The probability that the last choice had, 0 to 1; NaN if there is none. */
  float probability();

  /** Whether the text usually ends with this token. */
  boolean endsText(int token);

  @Override
  void close();
}
