package org.sled.device;

/** What a generation does when its servers have no room for another session. */
public enum Busy {
  /**
   * It waits for its turn, at the preferred one of its servers if the others have no room either.
   * What it waits counts in its time to first token.
   */
  WAIT,
  /** It fails with a {@link BusyException}, which says when to try again. */
  FAIL
}
