package org.sled.bench.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.sled.bench.load.BenchRequest;
import org.sled.bridge.Fingerprints;
import org.sled.bridge.NativeSampling;
import org.sled.device.draft.DraftTokens;
import org.sled.jni.Finish;
import org.sled.jni.Model;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.jni.StepStats;
import org.sled.jni.TokenBuffer;
import org.sled.jni.VerifyEngine;
import org.sled.jni.VerifySlots;

/**
 * Records texts of a target, and what a draft model proposes in them, in this process and without a
 * server. The target looks at the proposals as a server would, so that a text takes fewer passes.
 * The two models compute by turns, as those of a device and its server do where nobody else is
 * there. One thread.
 */
public final class PairRecorder implements AutoCloseable {
  /** Proposals at each position: behind a wrong one nothing can be right, and little is needed. */
  public static final int DEPTH = 4;

  /** Prompt tokens per step; any count within the exact rows gives the same bits. */
  private static final int CHUNK_TOKENS = 32;

  private static final double NANOS_PER_SECOND = 1e9;
  private static final double NANOS_PER_MICRO = 1e3;

  private final Model target;
  private final VerifyEngine engine;
  private final ProposalChain chain;
  private final VerifySlots slots;
  private final StepStats stats;
  private final TokenBuffer block;
  private final List<TraceStream> streams = new ArrayList<>();

  /**
   * Opens a context of the draft model; engine and models stay the caller's.
   *
   * @param engine the target's, without sessions
   * @param draftTokens which of the target's tokens the draft model knows; null: all
   * @throws SledException if the context does not fit
   */
  public PairRecorder(
      Model target, VerifyEngine engine, Model draft, DraftTokens draftTokens, int draftThreads) {
    this.target = target;
    this.engine = engine;
    chain =
        new ProposalChain(draft, draftTokens, engine.info().contextTokens(), draftThreads, DEPTH);
    slots = new VerifySlots(1);
    stats = new StepStats();
    block = new TokenBuffer(DEPTH);
  }

  /** A text that is being recorded. */
  private final class Text {
    private final BenchRequest request;
    private final List<Integer> tokens = new ArrayList<>();
    private final List<int[]> drafts = new ArrayList<>();
    private final List<float[]> confidence = new ArrayList<>();
    private final List<Integer> firstMicros = new ArrayList<>();
    private final List<Integer> nextMicros = new ArrayList<>();

    Text(BenchRequest request) {
      this.request = request;
    }

    /** What is proposed behind the text as it stands. */
    void propose() throws InterruptedException {
      chain.propose();
      drafts.add(chain.tokens());
      confidence.add(chain.probabilities());
      firstMicros.add((int) Math.round(chain.firstNanos() / NANOS_PER_MICRO));
      nextMicros.add((int) Math.round(chain.nextNanos() / NANOS_PER_MICRO));
    }

    void add(int token) {
      tokens.add(token);
      chain.commit(token);
    }

    TraceStream stream(long prefillNanos) {
      int length = tokens.size();
      return new TraceStream(
          request.promptNumber(),
          request.prompt().toArray(),
          request.maxTokens(),
          request.ignoreEnd(),
          request.sampling(),
          ints(tokens, length),
          (int) Math.round(prefillNanos / NANOS_PER_MICRO),
          drafts.subList(0, length).toArray(int[][]::new),
          confidence.subList(0, length).toArray(float[][]::new),
          ints(firstMicros, length),
          ints(nextMicros, length));
    }

    private static int[] ints(List<Integer> values, int length) {
      return values.stream().limit(length).mapToInt(Integer::intValue).toArray();
    }
  }

  /**
   * Records one text.
   *
   * @param stop is asked before each step whether to end here; what there is until then is kept
   * @return how many tokens it has
   * @throws InterruptedException if the thread was interrupted
   */
  public int record(BenchRequest request, BooleanSupplier stop) throws InterruptedException {
    int[] prompt = request.prompt().toArray();
    Text text = new Text(request);
    long prefillNanos = chain.begin(request.sampling(), prompt);
    text.propose();
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
      int cached = 0;
      int committed = prompt.length;
      boolean more = true;
      while (more && !stop.getAsBoolean()) {
        int lead = Math.min(CHUNK_TOKENS, committed - cached);
        int[] drafts = text.tokens.isEmpty() ? new int[0] : chain.tokens();
        step(session, cached, lead, drafts);
        if (cached + lead < committed) {
          cached += lead; // a chunk of the prompt
          continue;
        }
        int accepted = slots.accepted(0);
        committed = slots.committed(0);
        cached = committed - 1;
        more = Finish.of(slots.finish(0)) == Finish.NONE;
        for (int i = 0; i <= accepted; i++) {
          text.add(i < accepted ? drafts[i] : slots.nextToken(0));
          if (more || i < accepted) {
            text.propose();
          }
        }
      }
    } finally {
      engine.closeSession(session);
    }
    if (!text.tokens.isEmpty()) {
      streams.add(text.stream(prefillNanos));
    }
    return text.tokens.size();
  }

  private void step(int session, int cached, int lead, int... drafts) {
    block.clear();
    block.addAll(drafts);
    slots.set(0, session, cached, lead, drafts.length, drafts.length > 0 ? block.addressOf(0) : 0);
    engine.step(slots, 1, stats);
    if (slots.status(0) != SledStatus.OK.code()) {
      throw new SledException(
          SledStatus.of(slots.status(0)), "the engine refused a step of a recording");
    }
  }

  /** Tokens that the draft model proposes per second, one by one; NaN before any. */
  public double draftsPerSecond() {
    return chain.decodes() * NANOS_PER_SECOND / chain.decodeNanos();
  }

  /** What was recorded so far, at least one text. */
  public DraftTrace trace(String draftName, String targetName) {
    return new DraftTrace(
        new TraceHeader(
            TraceHeader.FORMAT,
            TraceHeader.VERSION,
            draftName,
            targetName,
            String.format("%016x", engine.info().numericsId()),
            Fingerprints.of(target.info()),
            DEPTH,
            1),
        streams);
  }

  @Override
  public void close() {
    chain.close();
    slots.close();
    stats.close();
    block.close();
  }
}
