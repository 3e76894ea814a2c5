package org.sled.jni;

import org.sled.jni.SledLayout.EngineInfoStruct;
import org.sled.jni.SledLayout.MemoryPlanStruct;
import org.sled.jni.SledLayout.SessionInfoStruct;

/**
 * The target's context: sessions, and the step that verifies the blocks of many of them. One thread
 * at a time; a second one that calls in at the same moment gets {@link SledStatus#BUSY}.
 *
 * <p>There may be more sessions than sequences of the K/V cache. A session is <em>resident</em>
 * while it owns a sequence ({@link #attach}), and only then it can take part in a step. In between
 * its K/V is in host memory ({@link #detach}) or nowhere; that makes no difference to its tokens.
 */
public final class VerifyEngine extends NativeHandle {
  /** Sequences that an engine can have: sessions that are resident at a time. */
  public static final int MAX_SEQUENCES = SledNative.SLED_MAX_SEQUENCES;

  /** Sessions that an engine can have. */
  public static final int MAX_SESSIONS = SledNative.SLED_MAX_SESSIONS;

  /** For {@link #attach}: the lowest free sequence. */
  public static final int ANY_SEQUENCE = -1;

  private VerifyEngine(long handle) {
    super("verify engine", handle);
  }

  /**
   * What an engine takes or would take. Saved K/V is not in it: the caller bounds that.
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
   * @param sequencesInUse sessions that are resident
   * @param contextTokens per session
   * @param passRows rows in one pass over the weights at most
   * @param stepSlots slots that a step takes at most
   * @param numerics what it promises about bits
   * @param slotRows lead and drafts of one slot together, at most
   * @param numericsId exact engines with equal ids give equal bits
   * @param sessionsInUse sessions that are open, resident or not
   * @param cellsPerSequence K/V cells, at least the context's tokens
   * @param kvLayout how its K/V cache is laid out
   * @param passCostRows rows that are held to cost as much as reading the weights once more
   * @param resultRows what its device leaves of the rows that it computes
   * @param savedBytes host memory with K/V of sessions that are not resident
   * @param rowMultiple exact numerics: the rows of a pass are filled up to a multiple of this
   * @param rowLeast and to at least so many
   * @param asInFile its weights lie as in the file, not as they are fastest for this CPU
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
      int sessionCount,
      int sessionsInUse,
      int cellsPerSequence,
      KvLayout kvLayout,
      int passCostRows,
      ResultRows resultRows,
      long savedBytes,
      MemoryPlan memory,
      int rowMultiple,
      int rowLeast,
      boolean asInFile) {

    /**
     * What it does to be exact, for people: ", a lone row gets another", for example. Empty where
     * that takes nothing, and for fast numerics.
     */
    public String exactWay() {
      String rows =
          rowMultiple > 1
              ? ", passes filled up to a multiple of " + rowMultiple + " rows"
              : rowLeast > 1 ? ", a lone row gets another" : "";
      return numerics == Numerics.EXACT ? rows + (asInFile ? ", weights as in the file" : "") : "";
    }
  }

  /**
   * One session.
   *
   * @param sequence the one that it owns, -1 if it is not resident
   * @param committedTokens prompt plus emitted tokens
   * @param cachedTokens the first so many positions have K/V, in the cache or saved
   * @param limitTokens committed tokens will not become more than this
   * @param savedBytes host memory that holds its K/V, 0 for none
   */
  public record SessionInfo(
      int session,
      int sequence,
      int promptTokens,
      int committedTokens,
      int cachedTokens,
      int limitTokens,
      Finish finish,
      long savedBytes) {

    public boolean resident() {
      return sequence >= 0;
    }
  }

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
          struct.getInt(EngineInfoStruct.SESSION_COUNT),
          struct.getInt(EngineInfoStruct.SESSIONS_IN_USE),
          struct.getInt(EngineInfoStruct.CELLS_PER_SEQUENCE),
          KvLayout.of(struct.getInt(EngineInfoStruct.KV_LAYOUT)),
          struct.getInt(EngineInfoStruct.PASS_COST_ROWS),
          ResultRows.of(struct.getInt(EngineInfoStruct.TOP_ROW)),
          struct.getLong(EngineInfoStruct.SAVED_BYTES),
          MemoryPlan.read(struct, EngineInfoStruct.MEMORY),
          struct.getInt(EngineInfoStruct.ROW_MULTIPLE),
          struct.getInt(EngineInfoStruct.ROW_LEAST),
          struct.getInt(EngineInfoStruct.AS_IN_FILE) != 0);
    }
  }

  /**
   * Says how many rows cost as much as reading all weights once more: with it steps are arranged in
   * passes. It depends on model and machine, and can be measured; results do not depend on it.
   *
   * @param passCostRows 1 to 65536; 0 for the default, a guess, with which no sequence takes part
   *     just to save a pass
   */
  public void tune(int passCostRows) {
    NativeCall.check(SledNative.sled_engine_tune(handle(), passCostRows), "tune the engine");
  }

  /**
   * Opens a session. It is not resident yet, and nothing is computed: that is the work of slots.
   *
   * @param prompt at least 1 id, fewer than the context has tokens
   * @param maxNewTokens tokens to commit after the prompt at most; 0 for as many as fit
   * @param ignoreEnd commit an end-of-generation token like any other
   * @param sampling how its tokens are chosen
   * @return its id, the lowest free one
   * @throws SledException {@link SledStatus#NO_SEQUENCE} if there are as many sessions as there can
   *     be; {@link SledStatus#TOKEN}, {@link SledStatus#CONTEXT_FULL}, {@link SledStatus#ARGUMENT}
   */
  public int openSession(
      TokenBuffer prompt, int maxNewTokens, boolean ignoreEnd, SamplingParams sampling) {
    try (Scratch struct = sampling.toNative();
        Scratch session = Scratch.ofBytes(Integer.BYTES)) {
      NativeCall.check(
          SledNative.sled_session_open(
              handle(),
              prompt.address(),
              prompt.size(),
              maxNewTokens,
              ignoreEnd ? SledNative.SLED_SESSION_IGNORE_END : 0,
              struct.address(),
              session.address()),
          "open a session");
      return session.getInt(0);
    }
  }

  /** Opens a session whose choices are greedy. */
  public int openSession(TokenBuffer prompt, int maxNewTokens, boolean ignoreEnd) {
    return openSession(prompt, maxNewTokens, ignoreEnd, SamplingParams.GREEDY);
  }

  /** Opens a session and makes it resident, on the lowest free sequence: both or neither. */
  public int openResident(
      TokenBuffer prompt, int maxNewTokens, boolean ignoreEnd, SamplingParams sampling) {
    int session = openSession(prompt, maxNewTokens, ignoreEnd, sampling);
    try {
      attach(session, ANY_SEQUENCE);
    } catch (SledException e) {
      closeSession(session);
      throw e;
    }
    return session;
  }

  /** Opens a session whose choices are greedy and makes it resident: both or neither. */
  public int openResident(TokenBuffer prompt, int maxNewTokens, boolean ignoreEnd) {
    return openResident(prompt, maxNewTokens, ignoreEnd, SamplingParams.GREEDY);
  }

  /** Frees the session with its sequence and its K/V, wherever that is. */
  public void closeSession(int session) {
    NativeCall.check(SledNative.sled_session_close(handle(), session), "close a session");
  }

  /**
   * Makes a session resident. K/V that {@link #detach} saved is copied back. Does nothing to a
   * session that is resident. Allocates nothing on the Java heap.
   *
   * @param sequence which one, or {@link #ANY_SEQUENCE}
   * @throws SledException {@link SledStatus#NO_SEQUENCE} if it is taken, or all are; {@link
   *     SledStatus#MEMORY} if there is no memory to copy K/V back: it stays saved
   */
  public void attach(int session, int sequence) {
    NativeCall.check(
        SledNative.sled_session_attach(handle(), session, sequence), "attach a session");
  }

  /**
   * Takes a session's sequence away; its committed tokens stay.
   *
   * @param keep whether to save its K/V in host memory, instead of forgetting it
   * @throws SledException {@link SledStatus#MEMORY} if there is no memory for it, {@link
   *     SledStatus#UNSUPPORTED} if this model's K/V cannot be saved: the session is as it was
   */
  public void detach(int session, boolean keep) {
    NativeCall.check(
        SledNative.sled_session_detach(handle(), session, keep ? 1 : 0), "detach a session");
  }

  /**
   * Lets one session begin with the K/V of another's first tokens, which must be the same in both.
   *
   * @param to has K/V for fewer tokens, and at least one token more
   * @param from has K/V for them; resident if it is to be moved
   * @param move hand the sequence over to {@code to}, which has none: {@code from} is not resident
   *     then and has no K/V. Else the K/V is copied, and {@code to} must be resident
   * @throws SledException {@link SledStatus#OFFSET}, {@link SledStatus#ARGUMENT}, {@link
   *     SledStatus#NO_SEQUENCE}, {@link SledStatus#MEMORY}, {@link SledStatus#UNSUPPORTED}
   */
  public void share(int to, int from, int tokenCount, boolean move) {
    NativeCall.check(
        SledNative.sled_session_share(handle(), to, from, tokenCount, move ? 1 : 0), "share K/V");
  }

  public SessionInfo sessionInfo(int session) {
    try (Scratch struct = Scratch.ofBytes(SessionInfoStruct.SIZE)) {
      NativeCall.check(
          SledNative.sled_session_describe(handle(), session, struct.address()),
          "describe a session");
      return new SessionInfo(
          struct.getInt(SessionInfoStruct.SESSION),
          struct.getInt(SessionInfoStruct.SEQUENCE),
          struct.getInt(SessionInfoStruct.PROMPT_TOKENS),
          struct.getInt(SessionInfoStruct.COMMITTED_TOKENS),
          struct.getInt(SessionInfoStruct.CACHED_TOKENS),
          struct.getInt(SessionInfoStruct.LIMIT_TOKENS),
          Finish.of(struct.getInt(SessionInfoStruct.FINISH)),
          struct.getLong(SessionInfoStruct.SAVED_BYTES));
    }
  }

  /** Appends committed tokens {@code from} to {@code from + count - 1} to the buffer. */
  public void tokens(int session, int from, int count, TokenBuffer destination) {
    int size = destination.size();
    destination.ensureCapacity(Math.addExact(size, Math.max(count, 0)));
    NativeCall.check(
        SledNative.sled_session_tokens(handle(), session, from, count, destination.addressOf(size)),
        "read committed tokens");
    destination.setSize(size + count);
  }

  /** The committed token at a position. */
  public int committedToken(int session, int position) {
    try (Scratch token = Scratch.ofBytes(Integer.BYTES)) {
      NativeCall.check(
          SledNative.sled_session_tokens(handle(), session, position, 1, token.address()),
          "read a committed token");
      return token.getInt(0);
    }
  }

  /**
   * Forgets K/V from this position on, also where it is saved; later slots compute it again, with
   * the same bits.
   */
  public void evict(int session, int cachedTokens) {
    NativeCall.check(
        SledNative.sled_session_evict(handle(), session, cachedTokens), "evict a session");
  }

  /**
   * Computes the first {@code slotCount} slots in as few passes over the weights as their shapes
   * allow. A slot with wrong contents is left out and says why ({@link VerifySlots#status}); the
   * others are not disturbed. Allocates nothing.
   *
   * @param slots at most one slot per session
   * @throws SledException {@link SledStatus#DECODE}, {@link SledStatus#MEMORY}: no slot of the step
   *     took effect, and the K/V of their sessions may be gone ({@link SessionInfo#cachedTokens})
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
