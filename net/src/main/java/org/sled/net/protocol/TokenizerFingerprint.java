package org.sled.net.protocol;

import java.util.StringJoiner;

/**
 * What two tokenizers must share to be the same: the same text gives the same ids then, and back.
 *
 * @param vocabularySize number of real tokens; rows that only pad the matrix do not count
 * @param tokensHash hash over the tokens' texts and kinds, in id order
 * @param mergesHash hash over the merges, in order
 * @param specialsHash hash over the special ids and what is added around a text (add-bos, …)
 * @param pretokenizerHash hash over the pre-tokenizer's name and what is done to white space
 */
public record TokenizerFingerprint(
    int vocabularySize,
    long tokensHash,
    long mergesHash,
    long specialsHash,
    long pretokenizerHash) {

  /** The fingerprint of a side that has no tokenizer. */
  public static final TokenizerFingerprint NONE = new TokenizerFingerprint(0, 0, 0, 0, 0);

  /** Refuses a negative vocabulary size. */
  public TokenizerFingerprint {
    if (vocabularySize < 0) {
      throw new IllegalArgumentException("vocabulary size " + vocabularySize + " is negative");
    }
  }

  /** A copy with another {@link #pretokenizerHash}. */
  public TokenizerFingerprint withPretokenizerHash(long value) {
    return new TokenizerFingerprint(vocabularySize, tokensHash, mergesHash, specialsHash, value);
  }

  /** Whether the same text gives the same ids under both, and the same ids the same text. */
  public boolean matches(TokenizerFingerprint other) {
    return equals(other);
  }

  /**
   * Says what differs, this side first, such as "vocabulary size 2048 vs 1500; tokens differ".
   *
   * @return the differences, or the empty string when there are none
   */
  public String describeDifference(TokenizerFingerprint other) {
    StringJoiner differences = new StringJoiner("; ");
    if (vocabularySize != other.vocabularySize) {
      differences.add("vocabulary size " + vocabularySize + " vs " + other.vocabularySize);
    }
    if (tokensHash != other.tokensHash) {
      differences.add("tokens differ");
    }
    if (mergesHash != other.mergesHash) {
      differences.add("merges differ");
    }
    if (specialsHash != other.specialsHash) {
      differences.add("special tokens differ");
    }
    if (pretokenizerHash != other.pretokenizerHash) {
      differences.add("pre-tokenizer differs");
    }
    return differences.toString();
  }
}
