package org.sled.jni;

import org.sled.jni.SledLayout.DraftParamsStruct;

/**
 * How a {@link DraftContext} is opened. The native side checks the values and names the one that is
 * wrong.
 *
 * @param contextTokens 0 for the model's (at most 4096)
 * @param threads 0 for {@link CpuLimits#defaultThreads}
 * @param keyType K cache
 * @param valueType V cache
 * @param exact never decode a lone row, so that the same model on both sides makes the same choices
 */
public record DraftParams(
    int contextTokens, int threads, KvType keyType, KvType valueType, boolean exact) {
  /** As the model and the machine suggest. */
  public static final DraftParams DEFAULT = new DraftParams(0, 0, KvType.F16, KvType.F16, false);

  public DraftParams withContextTokens(int value) {
    return new DraftParams(value, threads, keyType, valueType, exact);
  }

  public DraftParams withThreads(int value) {
    return new DraftParams(contextTokens, value, keyType, valueType, exact);
  }

  public DraftParams withKvTypes(KvType key, KvType value) {
    return new DraftParams(contextTokens, threads, key, value, exact);
  }

  public DraftParams withExact(boolean value) {
    return new DraftParams(contextTokens, threads, keyType, valueType, value);
  }

  Scratch toNative() {
    Scratch struct = Scratch.ofBytes(DraftParamsStruct.SIZE);
    struct.putInt(DraftParamsStruct.STRUCT_SIZE, DraftParamsStruct.SIZE);
    struct.putInt(DraftParamsStruct.CONTEXT_TOKENS, contextTokens);
    struct.putInt(DraftParamsStruct.THREADS, threads);
    struct.putInt(DraftParamsStruct.KV_TYPE_K, keyType.code());
    struct.putInt(DraftParamsStruct.KV_TYPE_V, valueType.code());
    struct.putInt(DraftParamsStruct.FLAGS, exact ? SledNative.SLED_DRAFT_EXACT : 0);
    return struct;
  }
}
