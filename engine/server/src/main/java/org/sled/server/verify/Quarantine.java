package org.sled.server.verify;

import org.sled.server.session.ServerSession;

/**
 * Sessions of a step that failed, which have not given a token since. They are computed one at a
 * time: so the one that cannot be computed fails alone. Verifier thread only.
 */
public final class Quarantine {
  private int count;

  boolean isEmpty() {
    return count == 0;
  }

  void add(ServerSession session) {
    if (!session.isQuarantined) {
      session.isQuarantined = true;
      count++;
    }
  }

  /** The session gave a token, wants nothing any more, or ends. */
  void clear(ServerSession session) {
    if (session.isQuarantined) {
      session.isQuarantined = false;
      count--;
    }
  }
}
