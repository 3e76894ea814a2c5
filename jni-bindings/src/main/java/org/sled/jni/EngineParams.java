package org.sled.jni;

import org.sled.jni.SledLayout.EngineParamsStruct;

/**
 * How a {@link VerifyEngine} is opened. The native side checks the values and names the one that is
 * wrong.
 *
 * @param sequenceCount sessions that are resident at a time, 1 to {@link
 *     VerifyEngine#MAX_SEQUENCES}
 * @param contextTokens tokens per session; 0 for the model's (at most 4096)
 * @param threads 0 for all cores
 * @param passRows rows in one pass over the weights at most; 0 for 512
 * @param keyType K cache
 * @param valueType V cache
 * @param numerics null: exact where that is possible, else fast
 * @param sessionCount sessions that can be open, at most {@link VerifyEngine#MAX_SESSIONS}; 0 for
 *     as many as sequences
 */
public record EngineParams(
    int sequenceCount,
    int contextTokens,
    int threads,
    int passRows,
    KvType keyType,
    KvType valueType,
    Numerics numerics,
    int sessionCount,
    KvLayout kvLayout,
    boolean pinThreads) {
  /** 16 sessions, everything else as the model and the machine suggest. */
  public static final EngineParams DEFAULT =
      new EngineParams(16, 0, 0, 0, KvType.F16, KvType.F16, null, 0, null, false);

  public EngineParams withSequenceCount(int value) {
    return new EngineParams(
        value,
        contextTokens,
        threads,
        passRows,
        keyType,
        valueType,
        numerics,
        sessionCount,
        kvLayout,
        pinThreads);
  }

  public EngineParams withContextTokens(int value) {
    return new EngineParams(
        sequenceCount,
        value,
        threads,
        passRows,
        keyType,
        valueType,
        numerics,
        sessionCount,
        kvLayout,
        pinThreads);
  }

  public EngineParams withThreads(int value) {
    return new EngineParams(
        sequenceCount,
        contextTokens,
        value,
        passRows,
        keyType,
        valueType,
        numerics,
        sessionCount,
        kvLayout,
        pinThreads);
  }

  public EngineParams withPassRows(int value) {
    return new EngineParams(
        sequenceCount,
        contextTokens,
        threads,
        value,
        keyType,
        valueType,
        numerics,
        sessionCount,
        kvLayout,
        pinThreads);
  }

  public EngineParams withKvTypes(KvType key, KvType value) {
    return new EngineParams(
        sequenceCount,
        contextTokens,
        threads,
        passRows,
        key,
        value,
        numerics,
        sessionCount,
        kvLayout,
        pinThreads);
  }

  public EngineParams withNumerics(Numerics value) {
    return new EngineParams(
        sequenceCount,
        contextTokens,
        threads,
        passRows,
        keyType,
        valueType,
        value,
        sessionCount,
        kvLayout,
        pinThreads);
  }

  public EngineParams withSessionCount(int value) {
    return new EngineParams(
        sequenceCount,
        contextTokens,
        threads,
        passRows,
        keyType,
        valueType,
        numerics,
        value,
        kvLayout,
        pinThreads);
  }

  public EngineParams withKvLayout(KvLayout value) {
    return new EngineParams(
        sequenceCount,
        contextTokens,
        threads,
        passRows,
        keyType,
        valueType,
        numerics,
        sessionCount,
        value,
        pinThreads);
  }

  public EngineParams withPinThreads(boolean value) {
    return new EngineParams(
        sequenceCount,
        contextTokens,
        threads,
        passRows,
        keyType,
        valueType,
        numerics,
        sessionCount,
        kvLayout,
        value);
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
    struct.putInt(EngineParamsStruct.SESSION_COUNT, sessionCount);
    struct.putInt(EngineParamsStruct.KV_LAYOUT, KvLayout.codeOf(kvLayout));
    struct.putInt(EngineParamsStruct.FLAGS, pinThreads ? SledNative.SLED_ENGINE_PIN_THREADS : 0);
    return struct;
  }
}
