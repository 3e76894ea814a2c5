package org.sled.jni;

import java.util.function.Consumer;
import org.sled.jni.SledLayout.EngineParamsStruct;

/**
 * How a {@link VerifyEngine} is opened. Immutable. The native side checks the values and names the
 * one that is wrong.
 */
public final class EngineParams {
  /** 16 sessions, everything else as the model and the machine suggest. */
  public static final EngineParams DEFAULT = new EngineParams();

  // Set while an instance is made, and never again.
  private int sequenceCount = 16;
  private int contextTokens;
  private int threads;
  private int passRows;
  private KvType keyType = KvType.F16;
  private KvType valueType = KvType.F16;
  private Numerics numerics;
  private int sessionCount;
  private KvLayout kvLayout;
  private boolean pinThreads;
  private ResultRows resultRows;

  private EngineParams() {}

  private EngineParams with(Consumer<EngineParams> change) {
    EngineParams copy = new EngineParams();
    copy.sequenceCount = sequenceCount;
    copy.contextTokens = contextTokens;
    copy.threads = threads;
    copy.passRows = passRows;
    copy.keyType = keyType;
    copy.valueType = valueType;
    copy.numerics = numerics;
    copy.sessionCount = sessionCount;
    copy.kvLayout = kvLayout;
    copy.pinThreads = pinThreads;
    copy.resultRows = resultRows;
    change.accept(copy);
    return copy;
  }

  /** Sessions that are resident at a time, 1 to {@link VerifyEngine#MAX_SEQUENCES}. */
  public EngineParams withSequenceCount(int value) {
    return with(p -> p.sequenceCount = value);
  }

  /** Tokens per session; 0 for the model's (at most 4096). */
  public EngineParams withContextTokens(int value) {
    return with(p -> p.contextTokens = value);
  }

  /** Threads of a step; 0 for {@link CpuLimits#defaultThreads}. */
  public EngineParams withThreads(int value) {
    return with(p -> p.threads = value);
  }

  /** Rows in one pass over the weights at most; 0 for 512. */
  public EngineParams withPassRows(int value) {
    return with(p -> p.passRows = value);
  }

  /** Number types of the K and the V cache. */
  public EngineParams withKvTypes(KvType key, KvType value) {
    return with(
        p -> {
          p.keyType = key;
          p.valueType = value;
        });
  }

  /** Null: exact where that is possible, else fast. */
  public EngineParams withNumerics(Numerics value) {
    return with(p -> p.numerics = value);
  }

  /**
   * Sessions that can be open, at most {@link VerifyEngine#MAX_SESSIONS}; 0 for as many as
   * sequences.
   */
  public EngineParams withSessionCount(int value) {
    return with(p -> p.sessionCount = value);
  }

  /** Null: split. */
  public EngineParams withKvLayout(KvLayout value) {
    return with(p -> p.kvLayout = value);
  }

  /** Whether each thread stays on a core of its own while it computes. */
  public EngineParams withPinThreads(boolean value) {
    return with(p -> p.pinThreads = value);
  }

  /** Null: whole rows on a CPU, and on a GPU whatever takes less time when the engine opens. */
  public EngineParams withResultRows(ResultRows value) {
    return with(p -> p.resultRows = value);
  }

  public int sequenceCount() {
    return sequenceCount;
  }

  /** 0 for {@link CpuLimits#defaultThreads}. */
  public int threads() {
    return threads;
  }

  public int contextTokens() {
    return contextTokens;
  }

  /** The wish; null for exact where possible. */
  public Numerics numerics() {
    return numerics;
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
    struct.putInt(
        EngineParamsStruct.FLAGS,
        (pinThreads ? SledNative.SLED_ENGINE_PIN_THREADS : 0) | ResultRows.flagOf(resultRows));
    return struct;
  }
}
