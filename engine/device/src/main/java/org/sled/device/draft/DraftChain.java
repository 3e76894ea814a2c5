package org.sled.device.draft;

import java.util.Arrays;
import org.sled.device.stream.TokenHistory;

/**
 * The drafts behind the committed tokens, one after the other, whether they were sent or not: the
 * blocks in flight, each with the guess for the server's own token behind it, and what was drafted
 * ahead. A verdict commits a part of them; what still follows from it stands, the rest is rolled
 * back.
 *
 * <p>The tokens themselves stand in the {@link TokenHistory}, their probabilities here. Belongs to
 * the draft thread.
 */
public final class DraftChain {
  private final TokenHistory history;
  private final BlockDrafter drafter; // null: never drafts
  private float[] probabilities = new float[64];
  private int count;
  private boolean ended; // the drafter has nothing to propose behind it

  public DraftChain(TokenHistory history, BlockDrafter drafter) {
    this.history = history;
    this.drafter = drafter;
  }

  /** How many tokens there are, committed ones and drafts. */
  public int end() {
    return history.committedLength() + count;
  }

  /** The probabilities of the drafts, from position C on. */
  public float[] probabilities() {
    return probabilities;
  }

  /** Whether no further token can be drafted. */
  public boolean hasEnded() {
    return ended || drafter.room(end()) < 1;
  }

  /** Whether the newest draft is one that a text usually ends with. */
  public boolean endsText() {
    return count > 0 && drafter.endsText(history.get(end() - 1));
  }

  /**
   * Drafts one token more.
   *
   * @return whether there was one
   * @throws org.sled.jni.SledException if the draft model failed
   */
  public boolean draft() {
    float probability = drafter.draftNext(history, end());
    if (probability == BlockDrafter.NONE) {
      ended = true;
      return false;
    }
    if (count == probabilities.length) {
      probabilities = Arrays.copyOf(probabilities, 2 * count);
    }
    probabilities[count] = probability;
    count++;
    return true;
  }

  /**
   * The token at a position is known now: what was drafted behind it stands only if it had been
   * drafted. Before it is committed.
   *
   * @param position C or more; the drafts before it are right
   */
  public void settle(int position, int token) {
    if (position >= end() || history.get(position) != token) {
      cut(position);
      history.put(position, token);
    }
  }

  /** Only tokens before a position stand. */
  private void cut(int position) {
    count = Math.max(0, Math.min(count, position - history.committedLength()));
    ended = false;
    if (drafter != null) {
      drafter.keep(position);
    }
  }

  /** The first drafts are committed, perhaps with a token behind them that was none. */
  public void commitTo(int length) {
    int committed = Math.min(count, length - history.committedLength());
    System.arraycopy(probabilities, committed, probabilities, 0, count - committed);
    count -= committed;
    history.commitTo(length);
  }

  /** All drafts are forgotten. */
  public void clear() {
    cut(history.committedLength());
  }
}
