package org.sled.server.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.sled.jni.ModelFile;
import org.sled.jni.SledException;
import org.sled.net.codec.FrameEncoder;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FileDigest;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.VocabularyRequest;
import org.sled.net.server.Connection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The target's vocabulary as a GGUF file, off the Java heap, given out in parts. Parts are not
 * copied, so that clients who ask and do not read cost no memory. Any thread.
 */
public final class Vocabulary {
  private static final Logger LOG = LoggerFactory.getLogger(Vocabulary.class);

  /** What stands before a part's bytes in its frame, and its padding. */
  private static final int FRAME_OVERHEAD_BYTES = 28 + Protocol.ALIGNMENT_BYTES;

  private final ByteBuf file;
  private final FileDigest digest;
  private final int partBytes;

  /**
   * A vocabulary.
   *
   * @param file the whole, direct; it stays as it is
   * @param maxFrameBytes as WELCOME says
   */
  Vocabulary(ByteBuffer file, int maxFrameBytes) {
    this.file = Unpooled.wrappedBuffer(file);
    digest = FileDigest.of(file);
    partBytes = Math.min(Limits.VOCABULARY_PART_BYTES, maxFrameBytes - FRAME_OVERHEAD_BYTES);
  }

  /**
   * The vocabulary of a model; null, and a warning, if it cannot be had: the server is of use
   * without.
   */
  public static Vocabulary of(Path model, int maxFrameBytes) {
    try {
      return new Vocabulary(ModelFile.vocabulary(model, Limits.VOCABULARY_BYTES), maxFrameBytes);
    } catch (SledException e) {
      LOG.warn("devices need a model file of their own: {}", e.getMessage());
      return null;
    }
  }

  /** Of the whole. */
  public FileDigest digest() {
    return digest;
  }

  /** Sends a part; whoever asks for none is closed. */
  void answer(Connection connection, VocabularyRequest request) {
    int total = file.readableBytes();
    if (request.offset() >= total || request.mostBytes() < 1) {
      connection.closeWithError(
          ErrorMessage.fatal(
              ErrorCode.MALFORMED,
              "VOCABULARY asks for "
                  + request.mostBytes()
                  + " bytes from "
                  + request.offset()
                  + " on, of "
                  + total));
      return;
    }
    int count = Math.min(Math.min(request.mostBytes(), partBytes), total - request.offset());
    connection.send(
        FrameEncoder.encodeVocabularyPart(connection.allocator(), file, request.offset(), count));
  }
}
