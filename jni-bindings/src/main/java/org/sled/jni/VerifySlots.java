package org.sled.jni;

/**
 * The slots of a step, an array of {@code sled_slot} in native memory: the caller writes what to
 * compute, {@link VerifyEngine#step} the verdicts, in place. One thread at a time; nothing here
 * allocates.
 *
 * <pre>
 *   offset  0        4         8          12          16              24      28
 *           session kv_offset lead_count draft_count tokens_address  status  verified
 *   offset 32        36         40        44     48        52        56
 *           accepted next_token committed finish first_row row_count guess_count   (64 bytes)
 * </pre>
 */
public final class VerifySlots extends NativeBlock {
  /** Bytes of one slot. */
  public static final int SLOT_BYTES = 64;

  private static final int SESSION = 0;
  private static final int KV_OFFSET = 4;
  private static final int LEAD_COUNT = 8;
  private static final int DRAFT_COUNT = 12;
  private static final int TOKENS_ADDRESS = 16;
  private static final int STATUS = 24;
  private static final int VERIFIED = 28;
  private static final int ACCEPTED = 32;
  private static final int NEXT_TOKEN = 36;
  private static final int COMMITTED = 40;
  private static final int FINISH = 44;
  private static final int FIRST_ROW = 48;
  private static final int ROW_COUNT = 52;
  private static final int GUESS_COUNT = 56;

  private final int capacity;

  /** Memory for so many slots, at least 1. */
  public VerifySlots(int capacity) {
    super(Math.multiplyExact(capacity, SLOT_BYTES));
    this.capacity = capacity;
  }

  public int capacity() {
    return capacity;
  }

  /**
   * Fills the input of a slot.
   *
   * @param session one that is resident
   * @param kvOffset position of the first row: the session's cached tokens
   * @param leadCount committed tokens from there on, at least 1
   * @param draftCount drafts after them
   * @param tokensAddress where the drafts' ids lie, 4 bytes each at any alignment, until the step
   *     is done; anything if there are none
   */
  public void set(
      int slot, int session, int kvOffset, int leadCount, int draftCount, long tokensAddress) {
    int base = base(slot);
    buffer().putInt(base + SESSION, session);
    buffer().putInt(base + KV_OFFSET, kvOffset);
    buffer().putInt(base + LEAD_COUNT, leadCount);
    buffer().putInt(base + DRAFT_COUNT, draftCount);
    buffer().putLong(base + TOKENS_ADDRESS, tokensAddress);
    buffer().putInt(base + GUESS_COUNT, 0);
  }

  /**
   * Lets a slot without drafts hold guesses of the engine, looked up in the session's own text, in
   * rows that are computed anyway. {@link #accepted} counts those that are right.
   *
   * @param most so many of them, at least 0
   */
  public void allowGuesses(int slot, int most) {
    buffer().putInt(base(slot) + GUESS_COUNT, most);
  }

  public int session(int slot) {
    return buffer().getInt(base(slot) + SESSION);
  }

  public int kvOffset(int slot) {
    return buffer().getInt(base(slot) + KV_OFFSET);
  }

  public int leadCount(int slot) {
    return buffer().getInt(base(slot) + LEAD_COUNT);
  }

  public int draftCount(int slot) {
    return buffer().getInt(base(slot) + DRAFT_COUNT);
  }

  public long tokensAddress(int slot) {
    return buffer().getLong(base(slot) + TOKENS_ADDRESS);
  }

  /** Code of a {@link SledStatus}: 0, or why the slot was left out of the step. */
  public int status(int slot) {
    return buffer().getInt(base(slot) + STATUS);
  }

  /** Drafts that were looked at: the accepted ones, and one more if a draft was wrong. */
  public int verified(int slot) {
    return buffer().getInt(base(slot) + VERIFIED);
  }

  /** Drafts, or guesses, that equal the target's choice, from the first on. */
  public int accepted(int slot) {
    return buffer().getInt(base(slot) + ACCEPTED);
  }

  /** The target's own token after the accepted ones; -1 after a prefill chunk. */
  public int nextToken(int slot) {
    return buffer().getInt(base(slot) + NEXT_TOKEN);
  }

  /** The session's committed tokens afterwards. */
  public int committed(int slot) {
    return buffer().getInt(base(slot) + COMMITTED);
  }

  /** Code of a {@link Finish}. */
  public int finish(int slot) {
    return buffer().getInt(base(slot) + FINISH);
  }

  /** Index of the slot's first row in the step, for diagnosis. */
  public int firstRow(int slot) {
    return buffer().getInt(base(slot) + FIRST_ROW);
  }

  /** Rows computed, padding included. */
  public int rowCount(int slot) {
    return buffer().getInt(base(slot) + ROW_COUNT);
  }

  /** Writes a verdict as a step would: for targets that are scripted. */
  public void script(
      int slot, int verified, int accepted, int nextToken, int committed, int finish) {
    int base = base(slot);
    buffer().putInt(base + STATUS, SledNative.SLED_OK);
    buffer().putInt(base + VERIFIED, verified);
    buffer().putInt(base + ACCEPTED, accepted);
    buffer().putInt(base + NEXT_TOKEN, nextToken);
    buffer().putInt(base + COMMITTED, committed);
    buffer().putInt(base + FINISH, finish);
  }

  private int base(int slot) {
    if (slot < 0 || slot >= capacity) {
      throw new IndexOutOfBoundsException("slot " + slot + " of " + capacity);
    }
    return slot * SLOT_BYTES;
  }
}
