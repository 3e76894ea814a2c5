package org.sled.net.protocol;

import java.nio.ByteBuffer;

/**
 * A part of the target's vocabulary, which as a whole is a GGUF file without weights.
 *
 * @param totalBytes of the whole
 * @param offset of the part's first byte
 * @param bytes the part; read-only, and each call gives a buffer of its own
 */
public record VocabularyPart(int totalBytes, int offset, ByteBuffer bytes) implements Message {
  /** Keeps a view: the bytes stay as they are. */
  public VocabularyPart {
    bytes = bytes.asReadOnlyBuffer();
  }

  @Override
  public ByteBuffer bytes() {
    return bytes.duplicate();
  }

  @Override
  public FrameType type() {
    return FrameType.VOCABULARY_PART;
  }
}
