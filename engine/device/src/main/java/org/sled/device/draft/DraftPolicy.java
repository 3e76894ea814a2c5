package org.sled.device.draft;

/** How a client decides how many tokens it drafts, and how many blocks it has in flight. */
public enum DraftPolicy {
  /**
   * As many as the request says. Where the server is too busy to look at any of them, it goes on
   * alone for a while.
   */
  FIXED,

  /**
   * Until the draft model's probability of a token is below a threshold, up to what the request
   * says: the SLED paper's dynamic drafting. It leaves the text to the server as {@link #FIXED}
   * does.
   */
  THRESHOLD,

  /**
   * As many as bring the most tokens per second, up to what the request says; none, and the server
   * goes on alone, where that is faster. Learnt from all of a client's rounds.
   */
  OPTIMAL
}
