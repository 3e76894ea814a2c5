package org.sled.jni;

import org.sled.jni.SledLayout.EngineInfoStruct;
import org.sled.jni.SledLayout.MemoryPlanStruct;
import org.sled.jni.SledLayout.SessionInfoStruct;

/**
 * The target's context: sessions, and the step that verifies the blocks of many of them. One thread
 * at a time; a second one that calls in at the same moment gets {@link SledStatus#BUSY}.
 */
public final class VerifyEngine extends NativeHandle {
  /** Sessions that an engine can have. */
  public static final int MAX_SEQUENCES = SledNative.SLED_MAX_SEQUENCES;

  private VerifyEngine(long handle) {
    super("verify engine", handle);
  }

  /**
   * What an engine takes or would take.
   *
   * @param totalBytes what opening the engine adds, with the weights if they are not mapped yet
   * @param availableBytes free memory of the machine or of the container's limit
   * @param swapBytes free swap: listed, not counted on
   * @param deviceKvBytes the part of the K/V that lies on a GPU
   */
  public record MemoryPlan(
      long weightBytes,
      long kvBytes,
      long logitsBytes,
      long computeBytes,
      long totalBytes,
      long availableBytes,
      long swapBytes,
      long deviceKvBytes) {

    static MemoryPlan read(Scratch struct, int base) {
      return new MemoryPlan(
          struct.getLong(base + MemoryPlanStruct.WEIGHT_BYTES),
          struct.getLong(base + MemoryPlanStruct.KV_BYTES),
          struct.getLong(base + MemoryPlanStruct.LOGITS_BYTES),
          struct.getLong(base + MemoryPlanStruct.COMPUTE_BYTES),
          struct.getLong(base + MemoryPlanStruct.TOTAL_BYTES),
          struct.getLong(base + MemoryPlanStruct.AVAILABLE_BYTES),
          struct.getLong(base + MemoryPlanStruct.SWAP_BYTES),
          struct.getLong(base + MemoryPlanStruct.DEVICE_KV_BYTES));
    }
  }

  /**
   * An engine as it came out.
   *
   * @param contextTokens per session
   * @param passRows rows in one pass over the weights at most
   * @param stepSlots slots that a step takes at most
   * @param numerics what it promises about bits
   * @param slotRows lead and drafts of one slot together, at most
   * @param numericsId exact engines with equal ids give equal bits
   */
  public record Info(
      int sequenceCount,
      int sequencesInUse,
      int contextTokens,
      int threads,
      int passRows,
      int stepSlots,
      Numerics numerics,
      int slotRows,
      long numericsId,
      MemoryPlan memory) {}

  /**
   * One session.
   *
   * @param committedTokens prompt plus emitted tokens
   * @param cachedTokens the first so many positions have K/V
   * @param limitTokens committed tokens will not become more than this
   */
  public record SessionInfo(
      int sequence,
      int promptTokens,
      int committedTokens,
      int cachedTokens,
      int limitTokens,
      Finish finish) {}

  /** What opening an engine would take; nothing is allocated. */
  public static MemoryPlan plan(Model model, EngineParams params) {
    try (Scratch struct = params.toNative();
        Scratch plan = Scratch.ofBytes(MemoryPlanStruct.SIZE)) {
      NativeCall.check(
          SledNative.sled_engine_plan(model.handle(), struct.address(), plan.address()),
          "plan an engine of " + model);
      return MemoryPlan.read(plan, 0);
    }
  }

  /**
   * Makes a context. The model stays open until this is closed.
   *
   * @throws SledException {@link SledStatus#MEMORY}, with the plan's numbers, if it will not fit;
   *     {@link SledStatus#UNSUPPORTED} if this model cannot be served
   */
  public static VerifyEngine open(Model model, EngineParams params) {
    try (Scratch struct = params.toNative();
        Scratch handle = Scratch.ofBytes(Long.BYTES)) {
      NativeCall.check(
          SledNative.sled_engine_open(model.handle(), struct.address(), handle.address()),
          "open an engine of " + model);
      return new VerifyEngine(handle.getLong(0));
    } finally {
      NativeLog.drain();
    }
  }

  public Info info() {
    try (Scratch struct = Scratch.ofBytes(EngineInfoStruct.SIZE)) {
      NativeCall.check(
          SledNative.sled_engine_describe(handle(), struct.address()), "describe the engine");
      return new Info(
          struct.getInt(EngineInfoStruct.SEQUENCE_COUNT),
          struct.getInt(EngineInfoStruct.SEQUENCES_IN_USE),
          struct.getInt(EngineInfoStruct.CONTEXT_TOKENS),
          struct.getInt(EngineInfoStruct.THREADS),
          struct.getInt(EngineInfoStruct.PASS_ROWS),
          struct.getInt(EngineInfoStruct.STEP_SLOTS),
          Numerics.of(struct.getInt(EngineInfoStruct.NUMERICS)),
          struct.getInt(EngineInfoStruct.SLOT_ROWS),
          struct.getLong(EngineInfoStruct.NUMERICS_ID),
          MemoryPlan.read(struct, EngineInfoStruct.MEMORY));
    }
  }

  /**
   * Opens a session on the lowest free sequence. Nothing is computed yet: that is the work of
   * slots.
   *
   * @param prompt at least 1 id, fewer than the context has tokens
   * @param maxNewTokens tokens to commit after the prompt at most; 0 for as many as fit
   * @param ignoreEnd commit an end-of-generation token like any other
   * @param sampling how its tokens are chosen
   * @return its sequence
   * @throws SledException {@link SledStatus#NO_SEQUENCE}, {@link SledStatus#TOKEN}, {@link
   *     SledStatus#CONTEXT_FULL}, {@link SledStatus#ARGUMENT}
   */
  public int openSession(
      TokenBuffer prompt, int maxNewTokens, boolean ignoreEnd, SamplingParams sampling) {
    try (Scratch struct = sampling.toNative();
        Scratch sequence = Scratch.ofBytes(Integer.BYTES)) {
      NativeCall.check(
          SledNative.sled_session_open(
              handle(),
              prompt.address(),
              prompt.size(),
              maxNewTokens,
              ignoreEnd ? SledNative.SLED_SESSION_IGNORE_END : 0,
              struct.address(),
              sequence.address()),
          "open a session");
      return sequence.getInt(0);
    }
  }

  /** The same with greedy choices. */
  public int openSession(TokenBuffer prompt, int maxNewTokens, boolean ignoreEnd) {
    return openSession(prompt, maxNewTokens, ignoreEnd, SamplingParams.GREEDY);
  }

  /** Frees the sequence and its K/V. */
  public void closeSession(int sequence) {
    NativeCall.check(SledNative.sled_session_close(handle(), sequence), "close a session");
  }

  public SessionInfo sessionInfo(int sequence) {
    try (Scratch struct = Scratch.ofBytes(SessionInfoStruct.SIZE)) {
      NativeCall.check(
          SledNative.sled_session_describe(handle(), sequence, struct.address()),
          "describe a session");
      return new SessionInfo(
          struct.getInt(SessionInfoStruct.SEQUENCE),
          struct.getInt(SessionInfoStruct.PROMPT_TOKENS),
          struct.getInt(SessionInfoStruct.COMMITTED_TOKENS),
          struct.getInt(SessionInfoStruct.CACHED_TOKENS),
          struct.getInt(SessionInfoStruct.LIMIT_TOKENS),
          Finish.of(struct.getInt(SessionInfoStruct.FINISH)));
    }
  }

  /** Appends committed tokens {@code from} to {@code from + count - 1} to the buffer. */
  public void tokens(int sequence, int from, int count, TokenBuffer destination) {
    int size = destination.size();
    destination.ensureCapacity(Math.addExact(size, Math.max(count, 0)));
    NativeCall.check(
        SledNative.sled_session_tokens(
            handle(), sequence, from, count, destination.addressOf(size)),
        "read committed tokens");
    destination.setSize(size + count);
  }

  /** The committed token at a position. */
  public int committedToken(int sequence, int position) {
    try (Scratch token = Scratch.ofBytes(Integer.BYTES)) {
      NativeCall.check(
          SledNative.sled_session_tokens(handle(), sequence, position, 1, token.address()),
          "read a committed token");
      return token.getInt(0);
    }
  }

  /** Forgets K/V from this position on; later slots compute it again, with the same bits. */
  public void evict(int sequence, int cachedTokens) {
    NativeCall.check(
        SledNative.sled_session_evict(handle(), sequence, cachedTokens), "evict a session");
  }

  /**
   * Computes the first {@code slotCount} slots in as few passes over the weights as their shapes
   * allow. A slot with wrong contents is left out and says why ({@link VerifySlots#status}); the
   * others are not disturbed. Allocates nothing.
   *
   * @param slots at most one slot per sequence
   * @throws SledException {@link SledStatus#DECODE}: no slot of the step took effect, and the K/V
   *     of their sessions is gone
   */
  public void step(VerifySlots slots, int slotCount, StepStats stats) {
    if (slotCount > slots.capacity()) {
      throw new SledException(
          SledStatus.ARGUMENT, slotCount + " slots in memory for " + slots.capacity());
    }
    NativeCall.check(
        SledNative.sled_step(handle(), slots.address(), slotCount, stats.address()), "step");
  }

  @Override
  int closeNative(long handle) {
    return SledNative.sled_engine_close(handle);
  }
}
