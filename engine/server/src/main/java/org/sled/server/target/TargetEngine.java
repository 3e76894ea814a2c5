package org.sled.server.target;

import org.sled.jni.SledException;
import org.sled.jni.StepStats;
import org.sled.jni.VerifySlots;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/**
 * The target, as the verifier uses it; all calls on the verifier thread. Real: {@link
 * NativeTarget}. Tests script it.
 */
public interface TargetEngine extends AutoCloseable {
  /**
   * Opens a native session, without K/V and without a sequence.
   *
   * @param maxNewTokens 0 for as many as the context holds
   * @param sampling how its tokens are chosen; the values are within their ranges
   * @return its number
   * @throws SledException NO_SEQUENCE when there are no more numbers, CONTEXT_FULL, TOKEN
   */
  int openSession(TokenIds prompt, int maxNewTokens, boolean ignoreEnd, Sampling sampling);

  /** Frees a session, and its sequence if it has one. */
  void closeSession(int session);

  /**
   * Gives a session this free sequence; K/V that was saved is restored.
   *
   * @throws SledException MEMORY: it cannot be restored, and nothing changed
   */
  void attach(int session, int sequence);

  /**
   * Takes a session's sequence away.
   *
   * @param keep whether its K/V is saved in host memory; else it is forgotten
   * @return bytes saved
   * @throws SledException MEMORY, UNSUPPORTED (a model of which nothing can be saved): nothing
   *     changed
   */
  long detach(int session, boolean keep);

  /**
   * Gives a session K/V that another one has computed for the same tokens.
   *
   * @param to has a sequence and less K/V than that; or, with {@code move}, no sequence
   * @param from has a sequence; or, without {@code move}, K/V that was saved
   * @param tokens that both begin with; fewer than {@code to} has committed
   * @param move {@code to} takes the sequence over, and {@code from} has none any more
   * @throws SledException MEMORY, UNSUPPORTED (a model of which nothing can be copied; moves are
   *     always possible): {@code to} has no K/V
   */
  void share(int to, int from, int tokens, boolean move);

  /** The committed token at a position. */
  int committedToken(int session, int position);

  /** The first committed tokens. */
  int[] committedTokens(int session, int count);

  /** Positions that have K/V; shrinks only when a step failed. */
  int cachedTokens(int session);

  /**
   * Says what reading the weights costs.
   *
   * @param rows that cost as much, at least 1
   */
  void tune(int rows);

  /**
   * Computes one step; results are in the slots.
   *
   * @throws SledException DECODE, MEMORY: no slot took effect; the K/V of their sessions may be
   *     gone, see {@link #cachedTokens}
   */
  void step(VerifySlots slots, int slotCount, StepStats stats);

  /** Frees the context. */
  @Override
  void close();
}
