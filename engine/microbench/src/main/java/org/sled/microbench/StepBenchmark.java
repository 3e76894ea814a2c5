package org.sled.microbench;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.StepStats;
import org.sled.jni.TokenBuffer;
import org.sled.jni.VerifyEngine;
import org.sled.jni.VerifySlots;

/**
 * The crossing into native code, and a step of the demo target with four blocks of four drafts. Of
 * the step it also tells what is neither decoding nor sampling, in native code and in Java.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class StepBenchmark {
  private static final int SESSIONS = 4;
  private static final int DRAFTS = 4;
  private static final int CONTEXT_TOKENS = 1024;

  private Model model;
  private VerifyEngine engine;
  private VerifySlots slots;
  private StepStats stats;
  private TokenBuffer drafts;
  private final int[] sessions = new int[SESSIONS];
  private final int[] cached = new int[SESSIONS];

  /** Parts of a step, ns each, as sums that JMH divides by the number of steps. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.EVENTS)
  public static class Parts {
    /** Steps. */
    public long steps;

    /** Native time beside decoding and sampling. */
    public long nativeOverheadNanos;

    /** Java's time around the call. */
    public long javaNanos;
  }

  /** Loads the demo target. */
  @Setup
  public void open() {
    model =
        Model.open(
            Path.of(System.getProperty("sled.home"), "models", "demo-target.gguf"),
            ModelParams.DEFAULT);
    engine =
        VerifyEngine.open(
            model,
            EngineParams.DEFAULT
                .withSequenceCount(SESSIONS)
                .withContextTokens(CONTEXT_TOKENS)
                .withThreads(1));
    slots = new VerifySlots(SESSIONS);
    stats = new StepStats();
    drafts = new TokenBuffer(DRAFTS);
    for (int i = 0; i < DRAFTS; i++) {
      drafts.add(300 + i);
    }
  }

  /** New sessions: contexts must not grow into each other's measurement. */
  @Setup(Level.Iteration)
  public void openSessions() {
    try (TokenBuffer prompt = new TokenBuffer(2)) {
      prompt.add(5);
      prompt.add(6);
      for (int i = 0; i < SESSIONS; i++) {
        sessions[i] = engine.openResident(prompt, 0, true);
        slots.set(i, sessions[i], 0, 2, 0, 0);
      }
    }
    engine.step(slots, SESSIONS, stats);
    note();
  }

  /** Ends them. */
  @TearDown(Level.Iteration)
  public void closeSessions() {
    for (int session : sessions) {
      engine.closeSession(session);
    }
  }

  /** Frees everything. */
  @TearDown
  public void close() {
    drafts.close();
    stats.close();
    slots.close();
    engine.close();
    model.close();
  }

  private void note() {
    for (int i = 0; i < SESSIONS; i++) {
      cached[i] = slots.committed(i) - 1;
    }
  }

  /** The cheapest call there is: one number out of the native session. */
  @Benchmark
  public int crossing() {
    return engine.committedToken(sessions[0], 0);
  }

  /** A whole step. */
  @Benchmark
  public int step(Parts parts) {
    if (cached[0] + 2 * DRAFTS > CONTEXT_TOKENS) {
      closeSessions();
      openSessions();
    }
    long start = System.nanoTime();
    for (int i = 0; i < SESSIONS; i++) {
      slots.set(i, sessions[i], cached[i], 1, DRAFTS, drafts.addressOf(0));
    }
    engine.step(slots, SESSIONS, stats);
    note();
    long nanos = System.nanoTime() - start;
    parts.steps++;
    parts.javaNanos += nanos - stats.totalNanos();
    parts.nativeOverheadNanos += stats.totalNanos() - stats.decodeNanos() - stats.samplingNanos();
    return cached[0];
  }
}
