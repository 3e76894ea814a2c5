package org.sled.server;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.agrona.UnsafeApi;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.jni.StepStats;
import org.sled.jni.VerifySlots;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/**
 * A fake target whose next token is a function of the tokens before it. Keeps the rules of the
 * native session (offsets, limits, end tokens), so that the verifier's mistakes show.
 */
final class ScriptedTarget implements TargetEngine {
  static final int VOCABULARY = 1000;

  /** Ends a generation. */
  static final int END = 999;

  private static final class Session {
    final List<Integer> tokens = new ArrayList<>();
    int cached;
    int limit;
    boolean byContext;
    boolean ignoreEnd;
    FinishReason finish = FinishReason.NONE;
  }

  private final Session[] sessions;
  private final int contextTokens;

  /** Tokens: a step with a session whose prompt holds one of them fails. */
  final Set<Integer> poison = new HashSet<>();

  /** Only steps that would give such a session a token fail, not those of its prompt. */
  volatile boolean poisonsAnswersOnly;

  final AtomicInteger steps = new AtomicInteger();
  final AtomicInteger openSessions = new AtomicInteger();

  /** What the newest session was opened with. */
  volatile Sampling lastSampling;

  volatile boolean closed;
  volatile long stepNanos;

  ScriptedTarget(int sessionCount, int contextTokens) {
    sessions = new Session[sessionCount];
    this.contextTokens = contextTokens;
  }

  /** The target's choice after these tokens. */
  static int next(List<Integer> tokens) {
    long hash = 7;
    for (int i = Math.max(0, tokens.size() - 3); i < tokens.size(); i++) {
      hash = hash * 31 + tokens.get(i);
    }
    hash = hash * 31 + tokens.size();
    int token = Math.floorMod((hash * 0x9E3779B97F4A7C15L) >>> 20, VOCABULARY);
    return token == END ? 1 : token; // ends only where a test wants it
  }

  /** What a session gives after this prompt. */
  static List<Integer> stream(List<Integer> prompt, int newTokens) {
    List<Integer> tokens = new ArrayList<>(prompt);
    for (int i = 0; i < newTokens; i++) {
      tokens.add(next(tokens));
    }
    return tokens;
  }

  @Override
  public int openSession(TokenIds prompt, int maxNewTokens, boolean ignoreEnd, Sampling sampling) {
    for (int sequence = 0; sequence < sessions.length; sequence++) {
      if (sessions[sequence] == null) {
        Session session = new Session();
        for (int i = 0; i < prompt.count(); i++) {
          session.tokens.add(prompt.id(i));
        }
        session.byContext = maxNewTokens == 0 || maxNewTokens > contextTokens - prompt.count();
        session.limit = session.byContext ? contextTokens : prompt.count() + maxNewTokens;
        session.ignoreEnd = ignoreEnd;
        lastSampling = sampling;
        sessions[sequence] = session;
        openSessions.incrementAndGet();
        return sequence;
      }
    }
    throw new SledException(SledStatus.NO_SEQUENCE, "all taken");
  }

  @Override
  public void closeSession(int sequence) {
    if (sessions[sequence] == null) {
      throw new AssertionError("sequence " + sequence + " is not open");
    }
    sessions[sequence] = null;
    openSessions.decrementAndGet();
  }

  @Override
  public int committedToken(int sequence, int position) {
    return sessions[sequence].tokens.get(position);
  }

  @Override
  public int cachedTokens(int sequence) {
    return sessions[sequence].cached;
  }

  @Override
  public void step(VerifySlots slots, int slotCount, StepStats stats) {
    steps.incrementAndGet();
    if (stepNanos > 0) {
      long end = System.nanoTime() + stepNanos;
      while (System.nanoTime() - end < 0) {
        Thread.onSpinWait();
      }
    }
    for (int i = 0; i < slotCount; i++) {
      Session session = sessions[slots.session(i)];
      boolean answers = slots.kvOffset(i) + slots.leadCount(i) == session.tokens.size();
      if (session.tokens.stream().anyMatch(poison::contains) && (answers || !poisonsAnswersOnly)) {
        for (int k = 0; k < slotCount; k++) {
          sessions[slots.session(k)].cached = 0;
        }
        throw new SledException(SledStatus.DECODE, "scripted failure");
      }
    }
    for (int i = 0; i < slotCount; i++) {
      compute(slots, i);
    }
  }

  private void compute(VerifySlots slots, int slot) {
    Session session = sessions[slots.session(slot)];
    int committed = session.tokens.size();
    int leadEnd = slots.kvOffset(slot) + slots.leadCount(slot);
    check(slots.kvOffset(slot) == session.cached, "starts at the cached length");
    check(slots.leadCount(slot) >= 1 && leadEnd <= committed, "the lead is committed");
    check(slots.draftCount(slot) == 0 || leadEnd == committed, "drafts follow the lead");
    check(session.finish == FinishReason.NONE, "is not finished");
    if (leadEnd < committed) {
      session.cached = leadEnd;
      slots.script(slot, 0, 0, -1, committed, 0);
      return;
    }
    int accepted = 0;
    boolean wrong = false;
    while (true) {
      int token = next(session.tokens);
      session.tokens.add(token);
      if (token == END && !session.ignoreEnd) {
        session.finish = FinishReason.STOP;
      } else if (session.tokens.size() >= session.limit) {
        session.finish = session.byContext ? FinishReason.CONTEXT_FULL : FinishReason.LENGTH;
      }
      boolean drafted = accepted < slots.draftCount(slot);
      boolean right = drafted && draft(slots, slot, accepted) == token;
      if (right && session.finish == FinishReason.NONE) {
        accepted++;
        continue;
      }
      wrong = drafted && !right;
      break;
    }
    session.cached = session.tokens.size() - 1;
    slots.script(
        slot,
        accepted + (wrong ? 1 : 0),
        accepted,
        session.tokens.get(session.tokens.size() - 1),
        session.tokens.size(),
        session.finish.number());
  }

  private static int draft(VerifySlots slots, int slot, int index) {
    return UnsafeApi.getInt(slots.tokensAddress(slot) + 4L * index);
  }

  private static void check(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError("violated: " + what);
    }
  }

  @Override
  public void close() {
    closed = true;
  }
}
