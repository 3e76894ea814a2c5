package org.sled.device;

import org.sled.core.DraftLengthPolicy;
import org.sled.core.FixedLength;
import org.sled.core.OptimalLength;

/** How a client decides how many tokens it drafts. */
public enum DraftPolicy {
  /**
   * As many as the request says. Where the server is too busy to look at any of them, it goes on
   * alone for a while.
   */
  FIXED,

  /**
   * As many as bring the most tokens per second, up to what the request says; none, and the server
   * goes on alone, where that is faster. Learnt from all of a client's rounds.
   */
  OPTIMAL;

  DraftLengthPolicy create() {
    return this == FIXED ? new FixedLength() : new OptimalLength();
  }
}
