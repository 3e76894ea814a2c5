package org.sled.net.protocol;

/**
 * Asks for a part of the target's vocabulary; only where {@link Welcome#hasVocabulary}.
 *
 * @param offset of its first byte
 * @param mostBytes that the part may have
 */
public record VocabularyRequest(int offset, int mostBytes) implements Message {
  @Override
  public FrameType type() {
    return FrameType.VOCABULARY;
  }
}
