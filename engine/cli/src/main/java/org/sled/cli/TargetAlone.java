package org.sled.cli;

import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import org.sled.jni.EngineParams;
import org.sled.jni.Finish;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.jni.StepStats;
import org.sled.jni.TokenBuffer;
import org.sled.jni.VerifyEngine;
import org.sled.jni.VerifySlots;

/**
 * The target without anybody's drafts: prompt, then one token per step. What it says is the truth
 * that every stream is compared with. One thread.
 */
final class TargetAlone implements AutoCloseable {
  /** Prompt tokens per step; any count within the exact rows gives the same bits. */
  private static final int CHUNK_TOKENS = 32;

  private final Model model;
  private final VerifyEngine engine;
  private final VerifySlots slots = new VerifySlots(1);
  private final StepStats stats = new StepStats();

  /**
   * Loads the target for one session.
   *
   * @param contextTokens 0 for the model's
   * @param threads 0 for all cores
   * @throws SledException if it cannot be loaded, or does not fit
   */
  TargetAlone(Path path, ModelParams modelParams, int contextTokens, int threads) {
    model = Model.open(path, modelParams);
    VerifyEngine opened = null;
    try {
      opened =
          VerifyEngine.open(
              model,
              EngineParams.DEFAULT
                  .withSequenceCount(1)
                  .withContextTokens(contextTokens)
                  .withThreads(threads));
    } finally {
      if (opened == null) {
        slots.close();
        stats.close();
        model.close();
      }
    }
    engine = opened;
  }

  Model model() {
    return model;
  }

  VerifyEngine.Info info() {
    return engine.info();
  }

  /**
   * Generates.
   *
   * @param maxTokens new tokens at most, 0 for as many as the context holds
   * @param onToken is told each token as it comes
   * @param cancelled is asked before each step whether to stop
   * @return why it ended; {@link Finish#NONE} if it was cancelled
   */
  Finish generate(
      int[] prompt,
      int maxTokens,
      boolean ignoreEnd,
      IntConsumer onToken,
      BooleanSupplier cancelled) {
    int sequence;
    try (TokenBuffer tokens = new TokenBuffer(prompt.length)) {
      tokens.addAll(prompt);
      sequence = engine.openSession(tokens, maxTokens, ignoreEnd);
    }
    try {
      int cached = 0;
      int committed = prompt.length;
      while (!cancelled.getAsBoolean()) {
        int count = Math.min(CHUNK_TOKENS, committed - cached);
        slots.set(0, sequence, cached, count, 0, 0);
        engine.step(slots, 1, stats);
        if (slots.status(0) != SledStatus.OK.code()) {
          throw new SledException(
              SledStatus.of(slots.status(0)), "the engine refused a step of the target alone");
        }
        cached += count;
        if (cached < committed) {
          continue;
        }
        committed = slots.committed(0);
        onToken.accept(slots.nextToken(0));
        Finish finish = Finish.of(slots.finish(0));
        if (finish != Finish.NONE) {
          return finish;
        }
      }
      return Finish.NONE;
    } finally {
      engine.closeSession(sequence);
    }
  }

  @Override
  public void close() {
    slots.close();
    stats.close();
    engine.close();
    model.close();
  }
}
