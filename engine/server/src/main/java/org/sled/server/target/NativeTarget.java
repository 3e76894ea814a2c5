package org.sled.server.target;

import org.sled.bridge.NativeSampling;
import org.sled.jni.StepStats;
import org.sled.jni.TokenBuffer;
import org.sled.jni.VerifyEngine;
import org.sled.jni.VerifySlots;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/** The target in llama.cpp. Verifier thread only. */
public final class NativeTarget implements TargetEngine {
  private final VerifyEngine engine;
  private final TokenBuffer tokens = new TokenBuffer(1024);

  public NativeTarget(VerifyEngine engine) {
    this.engine = engine;
  }

  @Override
  public int openSession(TokenIds prompt, int maxNewTokens, boolean ignoreEnd, Sampling sampling) {
    tokens.clear();
    for (int i = 0; i < prompt.count(); i++) {
      tokens.add(prompt.id(i));
    }
    return engine.openSession(tokens, maxNewTokens, ignoreEnd, NativeSampling.of(sampling));
  }

  @Override
  public void closeSession(int session) {
    engine.closeSession(session);
  }

  @Override
  public void attach(int session, int sequence) {
    engine.attach(session, sequence);
  }

  @Override
  public long detach(int session, boolean keep) {
    engine.detach(session, keep);
    return engine.sessionInfo(session).savedBytes();
  }

  @Override
  public void share(int to, int from, int tokenCount, boolean move) {
    engine.share(to, from, tokenCount, move);
  }

  @Override
  public int committedToken(int session, int position) {
    return engine.committedToken(session, position);
  }

  @Override
  public int[] committedTokens(int session, int count) {
    tokens.clear();
    engine.tokens(session, 0, count, tokens);
    return tokens.toArray();
  }

  @Override
  public int cachedTokens(int session) {
    return engine.sessionInfo(session).cachedTokens();
  }

  @Override
  public void tune(int rows) {
    engine.tune(rows);
  }

  @Override
  public void step(VerifySlots slots, int slotCount, StepStats stats) {
    engine.step(slots, slotCount, stats);
  }

  @Override
  public void close() {
    tokens.close();
    engine.close();
  }
}
