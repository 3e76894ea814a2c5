package org.sled.device;

/** What a generation does when its server is gone. */
public enum Outage {
  /** It waits for a server, and goes on where it stood: the same text, later. */
  WAIT,
  /**
   * As WAIT, but meanwhile the draft model goes on alone. Its tokens are unverified until a server
   * is there again, which looks at all of them: those from its first other choice on are withdrawn.
   * A listener is told of them; {@link Generation#next} never gives one.
   */
  LOCAL,
  /** It fails. */
  FAIL
}
