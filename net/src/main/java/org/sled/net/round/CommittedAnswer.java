package org.sled.net.round;

import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.FinishReason;

/**
 * The answer to a block whose positions are committed already ({@link RoundDecision#ANSWER_AGAIN}),
 * computed from the committed tokens alone, so that asking twice gives the same.
 *
 * <p>Reusable and without allocation; belongs to one thread, the one that owns the session.
 */
public final class CommittedAnswer {
  private int verified;
  private int accepted;
  private int nextToken;
  private int committedLength;
  private FinishReason finishReason = FinishReason.NONE;

  /** Creates an answer that must be computed before it is read. */
  public CommittedAnswer() {}

  /**
   * Computes the answer.
   *
   * @param session a session with a committed token after the block's parent
   * @param block a block that starts below the session's newest token, with the right parent
   * @return this
   */
  public CommittedAnswer compute(SessionView session, DraftFrame block) {
    int first = block.kvOffset() + 1;
    // One committed token is kept back to be the next token.
    int most = Math.min(block.draftCount(), session.committedLength() - 1 - first);
    int matching = 0;
    while (matching < most && block.draft(matching) == session.committedToken(first + matching)) {
      matching++;
    }
    accepted = matching;
    nextToken = session.committedToken(first + matching);
    boolean mismatch = matching < block.draftCount() && block.draft(matching) != nextToken;
    verified = mismatch ? matching + 1 : matching;
    committedLength = first + matching + 1;
    finishReason =
        committedLength == session.committedLength() ? session.finishReason() : FinishReason.NONE;
    return this;
  }

  /** Drafts that were compared. */
  public int verified() {
    return verified;
  }

  /** Drafts that equal the committed tokens. */
  public int accepted() {
    return accepted;
  }

  /** The committed token after the accepted ones. */
  public int nextToken() {
    return nextToken;
  }

  /** Committed tokens up to the next token, which may be fewer than the session has. */
  public int committedLength() {
    return committedLength;
  }

  /** The session's finish reason if the next token is its last, else NONE. */
  public FinishReason finishReason() {
    return finishReason;
  }
}
