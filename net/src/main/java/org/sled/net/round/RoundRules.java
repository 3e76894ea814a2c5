package org.sled.net.round;

import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.FinishReason;

/**
 * Decides what a server does with a block: the first transition table of PROTOCOL.md, whose row
 * numbers stand in the code.
 *
 * <p>A session's blocks are decided one at a time, in the order in which they came, each after the
 * one before it has been answered: a window's second block means nothing while the first is open.
 *
 * <p>Immutable; any thread may call it with a session and a frame that the thread owns. Allocates
 * nothing.
 */
public final class RoundRules {
  private final int vocabularySize;
  private final int contextTokens;
  private final int maxDraftTokens;

  /**
   * Creates the rules of one target.
   *
   * @param vocabularySize token ids are from 0 to below this
   * @param contextTokens tokens that one session can hold
   * @param maxDraftTokens drafts in one block at most
   */
  public RoundRules(int vocabularySize, int contextTokens, int maxDraftTokens) {
    this.vocabularySize = vocabularySize;
    this.contextTokens = contextTokens;
    this.maxDraftTokens = maxDraftTokens;
  }

  /** Decides one block; changes neither the session nor the frame. */
  public RoundDecision decide(SessionView session, DraftFrame block) {
    if (block.epoch() != session.epoch()) {
      return block.epoch() < session.epoch()
          ? RoundDecision.IGNORE_LATE // row 1
          : RoundDecision.REJECT_EPOCH; // row 2
    }
    if (block.round() < 1 || block.predecessorRound() >= block.round()) {
      return RoundDecision.REJECT_ROUND; // row 3
    }
    if (block.draftCount() > maxDraftTokens) {
      return RoundDecision.REJECT_BLOCK_TOO_LONG; // row 4
    }
    if (!hasTokensInRange(block)) {
      return RoundDecision.REJECT_TOKEN_RANGE; // row 5
    }
    int newest = session.committedLength() - 1;
    if (block.kvOffset() < newest) {
      return block.parentToken() == session.committedToken(block.kvOffset())
          ? RoundDecision.ANSWER_AGAIN // row 6
          : RoundDecision.STALE; // row 7
    }
    if (session.finishReason() != FinishReason.NONE) {
      return RoundDecision.FINISHED; // row 8
    }
    return block.kvOffset() == newest
        ? decideAtNewest(session, block)
        : decideBeyondNewest(session, block);
  }

  private RoundDecision decideAtNewest(SessionView session, DraftFrame block) {
    if (block.parentToken() != session.committedToken(block.kvOffset())) {
      return RoundDecision.STALE; // row 9
    }
    // Rows take the positions kvOffset … kvOffset + draftCount; the sum may exceed an int.
    if ((long) block.kvOffset() + 1 + block.draftCount() > contextTokens) {
      return RoundDecision.REJECT_CONTEXT_FULL; // row 10
    }
    return RoundDecision.VERIFY; // row 11
  }

  private static RoundDecision decideBeyondNewest(SessionView session, DraftFrame block) {
    int predecessor = block.predecessorRound();
    return predecessor > 0 && predecessor <= session.lastRound()
        ? RoundDecision.STALE // row 12
        : RoundDecision.REJECT_OFFSET; // row 13
  }

  private boolean hasTokensInRange(DraftFrame block) {
    // Compared unsigned, a negative id lies above every vocabulary.
    if (Integer.compareUnsigned(block.parentToken(), vocabularySize) >= 0) {
      return false;
    }
    for (int i = 0; i < block.draftCount(); i++) {
      if (Integer.compareUnsigned(block.draft(i), vocabularySize) >= 0) {
        return false;
      }
    }
    return true;
  }
}
