package org.sled.jni;

import org.sled.jni.SledLayout.EngineParamsStruct;

/**
 * How a {@link VerifyEngine} is opened. The native side checks the values and names the one that is
 * wrong.
 *
 * @param sequenceCount sessions at a time, 1 to {@link VerifyEngine#MAX_SEQUENCES}
 * @param contextTokens tokens per session; 0 for the model's (at most 4096)
 * @param threads 0 for all cores
 * @param passRows rows in one pass over the weights at most; 0 for 512
 * @param keyType K cache
 * @param valueType V cache
 * @param numerics null: exact where that is possible, else fast
 */
public record EngineParams(
    int sequenceCount,
    int contextTokens,
    int threads,
    int passRows,
    KvType keyType,
    KvType valueType,
    Numerics numerics) {
  /** 16 sessions, everything else as the model and the machine suggest. */
  public static final EngineParams DEFAULT =
      new EngineParams(16, 0, 0, 0, KvType.F16, KvType.F16, null);

  public EngineParams withSequenceCount(int value) {
    return new EngineParams(value, contextTokens, threads, passRows, keyType, valueType, numerics);
  }

  public EngineParams withContextTokens(int value) {
    return new EngineParams(sequenceCount, value, threads, passRows, keyType, valueType, numerics);
  }

  public EngineParams withThreads(int value) {
    return new EngineParams(
        sequenceCount, contextTokens, value, passRows, keyType, valueType, numerics);
  }

  public EngineParams withPassRows(int value) {
    return new EngineParams(
        sequenceCount, contextTokens, threads, value, keyType, valueType, numerics);
  }

  public EngineParams withKvTypes(KvType key, KvType value) {
    return new EngineParams(sequenceCount, contextTokens, threads, passRows, key, value, numerics);
  }

  public EngineParams withNumerics(Numerics value) {
    return new EngineParams(
        sequenceCount, contextTokens, threads, passRows, keyType, valueType, value);
  }

  Scratch toNative() {
    Scratch struct = Scratch.ofBytes(EngineParamsStruct.SIZE);
    struct.putInt(EngineParamsStruct.STRUCT_SIZE, EngineParamsStruct.SIZE);
    struct.putInt(EngineParamsStruct.SEQUENCE_COUNT, sequenceCount);
    struct.putInt(EngineParamsStruct.CONTEXT_TOKENS, contextTokens);
    struct.putInt(EngineParamsStruct.THREADS, threads);
    struct.putInt(EngineParamsStruct.PASS_ROWS, passRows);
    struct.putInt(EngineParamsStruct.KV_TYPE_K, keyType.code());
    struct.putInt(EngineParamsStruct.KV_TYPE_V, valueType.code());
    struct.putInt(EngineParamsStruct.NUMERICS, Numerics.codeOf(numerics));
    return struct;
  }
}
