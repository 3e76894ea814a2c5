package org.sled.net.round;

import org.sled.net.protocol.FinishReason;

/** What {@link RoundRules} must know of a session. Implementations allocate nothing. */
public interface SessionView {
  /** The session's epoch. */
  int epoch();

  /** How many tokens are committed: C, at least 1. */
  int committedLength();

  /** The committed token at a position, 0 to C − 1. */
  int committedToken(int position);

  /** NONE until the session has all its tokens. */
  FinishReason finishReason();

  /** The highest round of this epoch that has been answered, 0 for none. */
  int lastRound();
}
