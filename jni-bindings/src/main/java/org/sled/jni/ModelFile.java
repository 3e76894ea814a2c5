package org.sled.jni;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.sled.jni.SledLayout.GrowInfoStruct;
import org.sled.jni.SledLayout.GrowParamsStruct;

/**
 * Makes GGUF files out of others: a tokenizer alone, and for benchmarks another weight type, and
 * models that cost like large ones. Nothing is opened as a model, and no more than 256 MiB are
 * taken at a time. A file is written as {@code <name>.part} beside its place and renamed when it is
 * whole; after an exception the part is gone. Any thread; the calls take as long as reading and
 * writing the files takes.
 */
public final class ModelFile {
  private ModelFile() {}

  /**
   * What growing does.
   *
   * @param parameters reached; the shape is coarse, so not always what was asked for
   * @param fileBytes size of the grown file
   * @param layers with those that were added
   * @param feedForward neurons of each layer's FFN, with those that were added
   * @param embeddingWidth columns, with those that were added
   */
  public record Growth(
      long parameters,
      long parametersBefore,
      long fileBytes,
      int layers,
      int layersBefore,
      int feedForward,
      int feedForwardBefore,
      int embeddingWidth,
      int embeddingWidthBefore) {}

  /**
   * A model's tokenizer as a GGUF file of its own, for {@link ModelParams#withVocabularyOnly}:
   * without weights and without the chat template. Of a split model any part, the others are not
   * needed.
   *
   * @param mostBytes that it may have
   * @return a direct buffer with the whole file, to be read only; the garbage collector frees it
   * @throws SledException {@link SledStatus#IO}, {@link SledStatus#FORMAT}, {@link
   *     SledStatus#CAPACITY} if it has more bytes
   */
  public static ByteBuffer vocabulary(Path model, int mostBytes) {
    SledLibrary.load();
    try (Scratch from = Scratch.ofPath(model);
        Scratch length = Scratch.ofBytes(Long.BYTES)) {
      String what = "read the vocabulary of " + model;
      int status = SledNative.sled_model_vocabulary(from.address(), 0, 0, length.address());
      long bytes = length.getLong(0);
      if (status != SledNative.SLED_ERR_CAPACITY) {
        throw NativeCall.failure(status, what);
      }
      if (bytes > mostBytes) {
        throw new SledException(
            SledStatus.CAPACITY, what + ": it has " + bytes + " bytes, above " + mostBytes);
      }
      ByteBuffer file = ByteBuffer.allocateDirect((int) bytes);
      NativeCall.check(
          SledNative.sled_model_vocabulary(
              from.address(), NativeMemory.address(file), bytes, length.address()),
          what);
      return file.asReadOnlyBuffer();
    } finally {
      NativeLog.drain();
    }
  }

  /**
   * Converts a model's weights; of a split model, all parts into one file.
   *
   * @param weightType such as {@code bf16}, {@code q8_0} or {@code q4_k_m}: {@code sled.h} lists
   *     them
   * @param threads 0 for {@link CpuLimits#defaultThreads}
   * @param replace whether {@code out} may exist
   * @throws SledException {@link SledStatus#ARGUMENT} for an unknown type, {@link SledStatus#IO},
   *     {@link SledStatus#FORMAT}
   */
  public static void quantize(Path in, Path out, String weightType, int threads, boolean replace) {
    SledLibrary.load();
    try (Scratch from = Scratch.ofPath(in);
        Scratch to = Scratch.ofPath(out);
        Scratch type = Scratch.ofText(weightType)) {
      NativeCall.check(
          SledNative.sled_model_quantize(
              from.address(), to.address(), type.address(), threads, flags(replace)),
          "convert " + in);
    } finally {
      NativeLog.drain();
    }
  }

  /**
   * Makes a model that costs as much to run as one with so many parameters, and says exactly what
   * this one says: it gets neurons and layers that change nothing. {@code sled.h} says where they
   * go. Weights keep their type: {@link #quantize} first for another.
   *
   * @param parameters wanted; at least what the model has, with this width
   * @param width columns of the embedding: 4^k times those that there are, 0 for as they are
   * @param replace whether {@code out} may exist
   * @throws SledException {@link SledStatus#ARGUMENT} for fewer parameters than there are and for a
   *     width that it cannot have, {@link SledStatus#UNSUPPORTED} for models that are not a chain
   *     of attention and gate/up/down FFN, for more than they can grow to, and for a width where
   *     the architecture cannot be widened, {@link SledStatus#IO}, {@link SledStatus#FORMAT}
   */
  public static Growth grow(Path in, Path out, long parameters, int width, boolean replace) {
    try (Scratch to = Scratch.ofPath(out)) {
      return grow(in, to.address(), parameters, width, replace, "grow " + in);
    }
  }

  /**
   * What {@link #grow} would make, without writing it.
   *
   * @throws SledException as {@link #grow}
   */
  public static Growth planGrowth(Path in, long parameters, int width) {
    return grow(in, 0, parameters, width, false, "plan to grow " + in);
  }

  private static Growth grow(
      Path in, long outAddress, long parameters, int width, boolean replace, String what) {
    SledLibrary.load();
    try (Scratch from = Scratch.ofPath(in);
        Scratch params = Scratch.ofBytes(GrowParamsStruct.SIZE);
        Scratch info = Scratch.ofBytes(GrowInfoStruct.SIZE)) {
      params.putInt(GrowParamsStruct.STRUCT_SIZE, GrowParamsStruct.SIZE);
      params.putInt(GrowParamsStruct.FLAGS, flags(replace));
      params.putLong(GrowParamsStruct.PARAMETERS, parameters);
      params.putInt(GrowParamsStruct.WIDTH, width);
      NativeCall.check(
          SledNative.sled_model_grow(from.address(), outAddress, params.address(), info.address()),
          what);
      return new Growth(
          info.getLong(GrowInfoStruct.PARAMETERS),
          info.getLong(GrowInfoStruct.PARAMETERS_BEFORE),
          info.getLong(GrowInfoStruct.FILE_BYTES),
          info.getInt(GrowInfoStruct.LAYERS),
          info.getInt(GrowInfoStruct.LAYERS_BEFORE),
          info.getInt(GrowInfoStruct.FEED_FORWARD),
          info.getInt(GrowInfoStruct.FEED_FORWARD_BEFORE),
          info.getInt(GrowInfoStruct.EMBEDDING_WIDTH),
          info.getInt(GrowInfoStruct.EMBEDDING_WIDTH_BEFORE));
    } finally {
      NativeLog.drain();
    }
  }

  private static int flags(boolean replace) {
    return replace ? SledNative.SLED_OUTPUT_REPLACE : 0;
  }
}
