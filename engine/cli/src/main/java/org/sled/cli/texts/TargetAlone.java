package org.sled.cli.texts;

import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import org.sled.bridge.NativeSampling;
import org.sled.device.GenerationEnd;
import org.sled.device.GenerationRequest;
import org.sled.device.text.StopFinder;
import org.sled.device.text.StopTokens;
import org.sled.jni.Detokenizer;
import org.sled.jni.EngineParams;
import org.sled.jni.Finish;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.Numerics;
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
public final class TargetAlone implements AutoCloseable {
  /** Prompt tokens per step; any count within the exact rows gives the same bits. */
  private static final int EXACT_CHUNK_TOKENS = 32;

  private final Model model;
  private final VerifyEngine engine;
  private final VerifySlots slots = new VerifySlots(1);
  private final StepStats stats = new StepStats();

  /**
   * Loads the target for one session.
   *
   * @param engineParams how it computes; the number of sessions does not matter
   * @throws SledException if it cannot be loaded, or does not fit
   */
  public TargetAlone(Path path, ModelParams modelParams, EngineParams engineParams) {
    model = Model.open(path, modelParams.forNumerics(engineParams.numerics()));
    VerifyEngine opened = null;
    try {
      opened = VerifyEngine.open(model, engineParams.withSequenceCount(1));
    } finally {
      if (opened == null) {
        slots.close();
        stats.close();
        model.close();
      }
    }
    engine = opened;
  }

  public Model model() {
    return model;
  }

  public VerifyEngine.Info info() {
    return engine.info();
  }

  /**
   * Generates.
   *
   * @param request what; its drafts do not matter
   * @param onToken is told each token as it comes
   * @param cancelled is asked before each step whether to stop
   * @return why it ended
   */
  public GenerationEnd generate(
      GenerationRequest request, IntConsumer onToken, BooleanSupplier cancelled) {
    int[] prompt = request.prompt().toArray();
    StopFinder stops =
        new StopFinder(
            request.stopStrings(),
            StopTokens.of(model, request.stopStrings()),
            new Detokenizer(model)::feed);
    int session;
    try (TokenBuffer tokens = new TokenBuffer(prompt.length)) {
      tokens.addAll(prompt);
      session =
          engine.openResident(
              tokens,
              request.maxTokens(),
              request.ignoreEnd(),
              NativeSampling.of(request.sampling()));
    }
    try {
      VerifyEngine.Info info = engine.info();
      int chunkTokens = info.numerics() == Numerics.EXACT ? EXACT_CHUNK_TOKENS : info.slotRows();
      int cached = 0;
      int committed = prompt.length;
      while (!cancelled.getAsBoolean()) {
        int count = Math.min(chunkTokens, committed - cached);
        slots.set(0, session, cached, count, 0, 0);
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
        int token = slots.nextToken(0);
        onToken.accept(token);
        if (stops.completes(token)) {
          return GenerationEnd.STOP_STRING;
        }
        switch (Finish.of(slots.finish(0))) {
          case NONE -> {}
          case STOP -> {
            return GenerationEnd.STOP;
          }
          case LENGTH -> {
            return GenerationEnd.LENGTH;
          }
          case CONTEXT -> {
            return GenerationEnd.CONTEXT;
          }
        }
      }
      return GenerationEnd.CANCELLED;
    } finally {
      engine.closeSession(session);
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
