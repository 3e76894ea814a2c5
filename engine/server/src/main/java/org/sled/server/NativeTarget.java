package org.sled.server;

import org.sled.bridge.NativeSampling;
import org.sled.jni.StepStats;
import org.sled.jni.TokenBuffer;
import org.sled.jni.VerifyEngine;
import org.sled.jni.VerifySlots;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/**
 * The target in llama.cpp. Verifier thread only. Its sessions are resident for as long as they are
 * open; what {@link TargetEngine} calls a sequence is the native session's id.
 */
final class NativeTarget implements TargetEngine {
  private final VerifyEngine engine;
  private final TokenBuffer tokens = new TokenBuffer(1024);

  NativeTarget(VerifyEngine engine) {
    this.engine = engine;
  }

  @Override
  public int openSession(TokenIds prompt, int maxNewTokens, boolean ignoreEnd, Sampling sampling) {
    tokens.clear();
    for (int i = 0; i < prompt.count(); i++) {
      tokens.add(prompt.id(i));
    }
    return engine.openResident(tokens, maxNewTokens, ignoreEnd, NativeSampling.of(sampling));
  }

  @Override
  public void closeSession(int sequence) {
    engine.closeSession(sequence);
  }

  @Override
  public int committedToken(int sequence, int position) {
    return engine.committedToken(sequence, position);
  }

  @Override
  public int cachedTokens(int sequence) {
    return engine.sessionInfo(sequence).cachedTokens();
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
