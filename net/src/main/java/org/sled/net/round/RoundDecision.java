package org.sled.net.round;

import org.sled.net.protocol.ErrorCode;

/** What a server does with a block. */
public enum RoundDecision {
  /** Put it before the target. */
  VERIFY(null),
  /** Its answer is committed: answer REPEATED from the committed tokens. */
  ANSWER_AGAIN(null),
  /** It starts from something that is not committed: answer STALE. */
  STALE(null),
  /** It belongs to an older epoch: drop it, no answer. */
  IGNORE_LATE(null),
  /** The session has all its tokens: answer STALE with the finish reason. */
  FINISHED(null),
  /** Answer an ERROR: the epoch is ahead of the session's. */
  REJECT_EPOCH(ErrorCode.EPOCH),
  /** Answer an ERROR: the round is 0, or not after its predecessor. */
  REJECT_ROUND(ErrorCode.ROUND),
  /** Answer an ERROR: no predecessor of this epoch leads to the offset. */
  REJECT_OFFSET(ErrorCode.OFFSET),
  /** Answer an ERROR: a token lies outside the vocabulary. */
  REJECT_TOKEN_RANGE(ErrorCode.TOKEN_RANGE),
  /** Answer an ERROR: more drafts than the limit. */
  REJECT_BLOCK_TOO_LONG(ErrorCode.BLOCK_TOO_LONG),
  /** Answer an ERROR: the drafts reach beyond the context. */
  REJECT_CONTEXT_FULL(ErrorCode.CONTEXT_FULL);

  private final ErrorCode errorCode;

  RoundDecision(ErrorCode errorCode) {
    this.errorCode = errorCode;
  }

  /** The code of the ERROR to answer, or null where the answer is none. */
  public ErrorCode errorCode() {
    return errorCode;
  }
}
