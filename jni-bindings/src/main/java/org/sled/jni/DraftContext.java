package org.sled.jni;

/**
 * A small model's context on a device: proposes tokens. One thread at a time; a second one that
 * calls in at the same moment gets {@link SledStatus#BUSY}.
 */
public final class DraftContext extends NativeHandle {
  private DraftContext(long handle) {
    super("draft context", handle);
  }

  /** Makes a context. The model stays open until this is closed. */
  public static DraftContext open(Model model, DraftParams params) {
    try (Scratch struct = params.toNative();
        Scratch handle = Scratch.ofBytes(Long.BYTES)) {
      NativeCall.check(
          SledNative.sled_draft_open(model.handle(), struct.address(), handle.address()),
          "open a draft context of " + model);
      return new DraftContext(handle.getLong(0));
    } finally {
      NativeLog.drain();
    }
  }

  /**
   * From now on choices are drawn with these parameters; a new context is greedy. Penalties look at
   * the tokens that were decoded here.
   *
   * @throws SledException {@link SledStatus#ARGUMENT} or {@link SledStatus#TOKEN} for values that
   *     cannot be
   */
  public void sample(SamplingParams sampling) {
    try (Scratch struct = sampling.toNative()) {
      NativeCall.check(SledNative.sled_draft_sample(handle(), struct.address()), "set sampling");
    }
  }

  /**
   * Rolls the K/V back to {@code position}, decodes {@code tokenCount} ids there and writes the
   * choice for the position after them: a catch-up, a drafting step and a rollback are all this.
   * Allocates nothing.
   *
   * @param position 0 to the choice's {@link DraftChoice#cached}
   * @param tokensAddress where the ids lie, 4 bytes each at any alignment
   * @param tokenCount at least 1
   * @throws SledException after {@link SledStatus#DECODE} the K/V is gone: call again from 0
   */
  public void decode(int position, long tokensAddress, int tokenCount, DraftChoice choice) {
    NativeCall.check(
        SledNative.sled_draft_decode(
            handle(), position, tokensAddress, tokenCount, choice.address()),
        "decode drafts");
  }

  /** Decodes the ids from {@code position} to the end of a text that begins at position 0. */
  public void decode(int position, TokenBuffer tokens, DraftChoice choice) {
    decode(position, tokens.addressOf(position), tokens.size() - position, choice);
  }

  @Override
  int closeNative(long handle) {
    return SledNative.sled_draft_close(handle);
  }
}
