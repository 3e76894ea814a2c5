package org.sled.jni;

import org.sled.jni.SledLayout.ModelParamsStruct;

/**
 * How a model is opened.
 *
 * @param gpuLayers layers on the GPU, {@link #ALL_LAYERS} for all; ignored without a GPU backend
 * @param mapFile map the file instead of reading it
 * @param lockMemory keep the weights from being swapped out
 * @param vocabularyOnly tokenizer and metadata alone; also for files that hold nothing else
 * @param exactWeights for exact numerics: weights that are not exact once they are rearranged for
 *     this CPU (K-quants) stay as they lie in the file, which is slower for many rows
 * @param trusted open it without trying it first: {@link Model#open} says what that means
 */
public record ModelParams(
    int gpuLayers,
    boolean mapFile,
    boolean lockMemory,
    boolean vocabularyOnly,
    boolean exactWeights,
    boolean trusted) {
  public static final int ALL_LAYERS = -1;

  /** All layers on a GPU if there is one; the file mapped, not locked; not trusted. */
  public static final ModelParams DEFAULT =
      new ModelParams(ALL_LAYERS, true, false, false, false, false);

  public ModelParams withGpuLayers(int value) {
    return new ModelParams(value, mapFile, lockMemory, vocabularyOnly, exactWeights, trusted);
  }

  public ModelParams withMapFile(boolean value) {
    return new ModelParams(gpuLayers, value, lockMemory, vocabularyOnly, exactWeights, trusted);
  }

  public ModelParams withLockMemory(boolean value) {
    return new ModelParams(gpuLayers, mapFile, value, vocabularyOnly, exactWeights, trusted);
  }

  public ModelParams withVocabularyOnly(boolean value) {
    return new ModelParams(gpuLayers, mapFile, lockMemory, value, exactWeights, trusted);
  }

  /**
   * With the weights that an engine wants.
   *
   * @param wish of {@link EngineParams#numerics}, null for exact where possible
   */
  public ModelParams forNumerics(Numerics wish) {
    return withExactWeights(wish != Numerics.FAST);
  }

  public ModelParams withExactWeights(boolean value) {
    return new ModelParams(gpuLayers, mapFile, lockMemory, vocabularyOnly, value, trusted);
  }

  /** For files that are known to be sound, such as those that come with the program. */
  public ModelParams withTrusted(boolean value) {
    return new ModelParams(gpuLayers, mapFile, lockMemory, vocabularyOnly, exactWeights, value);
  }

  Scratch toNative() {
    Scratch struct = Scratch.ofBytes(ModelParamsStruct.SIZE);
    struct.putInt(ModelParamsStruct.STRUCT_SIZE, ModelParamsStruct.SIZE);
    struct.putInt(ModelParamsStruct.GPU_LAYERS, gpuLayers);
    struct.putInt(
        ModelParamsStruct.FLAGS,
        (mapFile ? SledNative.SLED_MODEL_MMAP : 0)
            | (lockMemory ? SledNative.SLED_MODEL_MLOCK : 0)
            | (vocabularyOnly ? SledNative.SLED_MODEL_VOCAB_ONLY : 0)
            | (exactWeights ? SledNative.SLED_MODEL_EXACT : 0)
            | (trusted ? SledNative.SLED_MODEL_TRUSTED : 0));
    return struct;
  }
}
