package org.sled.server;

import org.sled.jni.SledException;
import org.sled.jni.StepStats;
import org.sled.jni.VerifySlots;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/**
 * The target, as the verifier uses it; all calls on the verifier thread. Real: {@link
 * NativeTarget}. Tests script it.
 */
interface TargetEngine extends AutoCloseable {
  /**
   * Opens a native session.
   *
   * @param maxNewTokens 0 for as many as the context holds
   * @param sampling how its tokens are chosen; the values are within their ranges
   * @return its sequence
   * @throws SledException NO_SEQUENCE when all are taken, CONTEXT_FULL, TOKEN
   */
  int openSession(TokenIds prompt, int maxNewTokens, boolean ignoreEnd, Sampling sampling);

  /** Frees a sequence. */
  void closeSession(int sequence);

  /** The committed token at a position. */
  int committedToken(int sequence, int position);

  /** Positions that have K/V; shrinks only when a step failed. */
  int cachedTokens(int sequence);

  /**
   * Computes one step; results are in the slots.
   *
   * @throws SledException DECODE: no slot took effect, and the K/V of their sessions is gone
   */
  void step(VerifySlots slots, int slotCount, StepStats stats);

  /** Frees the context. */
  @Override
  void close();
}
