package org.sled.server.kv;

import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.server.target.TargetEngine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies K/V: into host memory and back, and from session to session. What cannot be copied is
 * computed again; that costs time and no text. Verifier thread only.
 *
 * <p>Of a model with sliding windows llama.cpp copies nothing. That is found out by the first copy,
 * said once, and not tried again. Where memory is short, it is said once, until it is there again.
 */
final class KvCopies {
  private static final Logger LOG = LoggerFactory.getLogger(KvCopies.class);

  private final TargetEngine engine;
  private boolean shares = true; // this model's K/V, between sessions
  private boolean saves = true; // into host memory
  private boolean unsupportedIsSaid;
  private boolean memoryIsShort;

  KvCopies(TargetEngine engine) {
    this.engine = engine;
  }

  /** Whether sessions can get copies of each other's K/V, as far as is known. */
  boolean canShare() {
    return shares;
  }

  /** Whether K/V can be saved in host memory, as far as is known. */
  boolean canSave() {
    return saves;
  }

  /**
   * Copies the K/V of the first tokens to a session that has a sequence and no K/V.
   *
   * @param from has a sequence, or was saved
   * @return false: {@code to} still has none
   */
  boolean share(int to, int from, int tokens) {
    if (!shares) {
      return false;
    }
    try {
      engine.share(to, from, tokens, false);
    } catch (SledException e) {
      shares = e.status() != SledStatus.UNSUPPORTED;
      failed(e);
      return false;
    }
    memoryIsShort = false;
    return true;
  }

  /**
   * Lets a session that has no sequence take over that of another, with the K/V of the first
   * tokens; nothing is copied.
   *
   * @return false: nothing has changed
   */
  boolean takeOver(int to, int from, int tokens) {
    try {
      engine.share(to, from, tokens, true);
      return true;
    } catch (SledException e) {
      failed(e);
      return false;
    }
  }

  /**
   * Takes a session's sequence away and keeps its K/V in host memory.
   *
   * @return bytes that it takes there; 0: nothing has changed
   */
  long save(int session) {
    if (!saves) {
      return 0;
    }
    try {
      long bytes = engine.detach(session, true);
      memoryIsShort = false;
      return bytes;
    } catch (SledException e) {
      if (e.status() != SledStatus.MEMORY && e.status() != SledStatus.UNSUPPORTED) {
        throw e;
      }
      saves = e.status() != SledStatus.UNSUPPORTED;
      failed(e);
      return 0;
    }
  }

  /**
   * Gives a session a sequence, with the K/V that was saved.
   *
   * @return false: it has the sequence, but its K/V is lost
   */
  boolean attach(int session, int sequence) {
    try {
      engine.attach(session, sequence);
      return true;
    } catch (SledException e) {
      if (e.status() != SledStatus.MEMORY) {
        throw e;
      }
      failed(e);
      engine.detach(session, false);
      engine.attach(session, sequence);
      return false;
    }
  }

  private void failed(SledException e) {
    if (e.status() == SledStatus.UNSUPPORTED) {
      if (!unsupportedIsSaid) {
        LOG.warn("K/V is computed again where it could be copied: {}", e.getMessage());
      }
      unsupportedIsSaid = true;
    } else {
      if (!memoryIsShort) {
        LOG.warn("K/V is computed again, not copied: {}", e.getMessage());
      }
      memoryIsShort = true;
    }
  }
}
