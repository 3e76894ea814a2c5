package org.sled.server;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.agrona.UnsafeApi;
import org.sled.core.cost.RowRule;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.jni.StepStats;
import org.sled.jni.VerifySlots;
import org.sled.net.protocol.EndTokens;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.server.target.TargetDescription;
import org.sled.server.target.TargetEngine;

/**
 * A fake target whose next token is a function of the tokens before it. Keeps the rules of the
 * native session (offsets, limits, end tokens), so that the verifier's mistakes show.
 */
public final class ScriptedTarget implements TargetEngine {
  static final int VOCABULARY = 1000;

  /** Ends a generation. */
  static final int END = 999;

  /** Of saved K/V. */
  static final int BYTES_PER_TOKEN = 100;

  private static final class Session {
    final List<Integer> tokens = new ArrayList<>();
    int sequence = -1;
    int saved;
    int cached;
    int limit;
    boolean byContext;
    boolean ignoreEnd;
    FinishReason finish = FinishReason.NONE;
  }

  private final Session[] sessions;
  private final Session[] owners; // by sequence
  private final int contextTokens;

  /** Tokens: a step with a session whose prompt holds one of them fails. */
  final Set<Integer> poison = new HashSet<>();

  /** Only steps that would give such a session a token fail, not those of its prompt. */
  volatile boolean poisonsAnswersOnly;

  final AtomicInteger steps = new AtomicInteger();
  final AtomicInteger openSessions = new AtomicInteger();

  /** Tokens whose K/V is saved in host memory. */
  final AtomicInteger savedTokens = new AtomicInteger();

  /** Tokens whose K/V was not computed, but taken from others. */
  final AtomicInteger sharedTokens = new AtomicInteger();

  /** Tokens whose K/V was computed. */
  final AtomicInteger computedTokens = new AtomicInteger();

  /** What the newest session was opened with. */
  volatile Sampling lastSampling;

  volatile boolean closed;
  volatile long stepNanos;

  /** Steps wait for it; null for none. */
  public volatile CountDownLatch blocksOn;

  /** Steps fail as no step should. */
  volatile boolean breaks;

  /** K/V cannot be copied, as with sliding windows: it can stay, be moved or be forgotten. */
  volatile boolean refusesCopies;

  /** Asked before each copy of K/V and each step: whether there is no memory for it. */
  volatile BooleanSupplier outOfMemory = () -> false;

  /** Copies that were asked for although they are refused. */
  final AtomicInteger refusedCopies = new AtomicInteger();

  /**
   * Creates the target.
   *
   * @param sessionCount numbers that sessions may have
   * @param sequenceCount sessions that can take part in a step
   */
  public ScriptedTarget(int sessionCount, int sequenceCount, int contextTokens) {
    sessions = new Session[sessionCount];
    owners = new Session[sequenceCount];
    this.contextTokens = contextTokens;
  }

  /** What a daemon says of it; a session that has ended keeps its K/V in its sequence. */
  public TargetDescription description() {
    return new TargetDescription(
        new TokenizerFingerprint(VOCABULARY, 1, 2, 3, 4),
        contextTokens,
        sessions.length - owners.length,
        owners.length,
        512,
        63,
        true,
        RowRule.NO_LONE_ROW,
        42,
        "scripted",
        "",
        EndTokens.UNKNOWN);
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
    for (int number = 0; number < sessions.length; number++) {
      if (sessions[number] == null) {
        Session session = new Session();
        for (int i = 0; i < prompt.count(); i++) {
          session.tokens.add(prompt.id(i));
        }
        session.byContext = maxNewTokens == 0 || maxNewTokens > contextTokens - prompt.count();
        session.limit = session.byContext ? contextTokens : prompt.count() + maxNewTokens;
        session.ignoreEnd = ignoreEnd;
        lastSampling = sampling;
        sessions[number] = session;
        openSessions.incrementAndGet();
        return number;
      }
    }
    throw new SledException(SledStatus.NO_SEQUENCE, "all taken");
  }

  @Override
  public void closeSession(int number) {
    if (sessions[number] == null) {
      throw new AssertionError("session " + number + " is not open");
    }
    release(sessions[number]);
    savedTokens.addAndGet(-sessions[number].saved);
    sessions[number] = null;
    openSessions.decrementAndGet();
  }

  private void release(Session session) {
    if (session.sequence >= 0) {
      owners[session.sequence] = null;
      session.sequence = -1;
    }
  }

  @Override
  public void attach(int number, int sequence) {
    Session session = sessions[number];
    check(session.sequence < 0, "is not resident yet");
    check(owners[sequence] == null, "the sequence is free");
    if (session.saved > 0) {
      requireMemory();
    }
    owners[sequence] = session;
    session.sequence = sequence;
    session.cached = session.saved;
    savedTokens.addAndGet(-session.saved);
    session.saved = 0;
  }

  @Override
  public long detach(int number, boolean keep) {
    Session session = sessions[number];
    if (keep) {
      check(session.sequence >= 0, "is resident");
      requireCopies();
    }
    release(session);
    savedTokens.addAndGet(-session.saved);
    session.saved = keep ? session.cached : 0;
    savedTokens.addAndGet(session.saved);
    session.cached = session.saved;
    return (long) session.saved * BYTES_PER_TOKEN;
  }

  @Override
  public void share(int to, int from, int tokens, boolean move) {
    Session receiver = sessions[to];
    Session donor = sessions[from];
    check(donor.sequence >= 0 || (donor.saved > 0 && !move), "the donor has K/V");
    check(donor.cached >= tokens, "the donor has that K/V");
    check(receiver.cached < tokens && tokens < receiver.tokens.size(), "it is of use");
    check(donor.tokens.subList(0, tokens).equals(receiver.tokens.subList(0, tokens)), "is common");
    if (!move) {
      requireCopies();
    } else {
      check(receiver.sequence < 0, "has no sequence to lose");
      receiver.sequence = donor.sequence;
      owners[donor.sequence] = receiver;
      donor.sequence = -1;
      donor.cached = 0;
    }
    check(receiver.sequence >= 0, "has a sequence");
    receiver.cached = tokens;
    sharedTokens.addAndGet(tokens);
  }

  private void requireCopies() {
    if (refusesCopies) {
      refusedCopies.incrementAndGet();
      throw new SledException(SledStatus.UNSUPPORTED, "scripted windows");
    }
    requireMemory();
  }

  private void requireMemory() {
    if (outOfMemory.getAsBoolean()) {
      throw new SledException(SledStatus.MEMORY, "scripted lack of memory");
    }
  }

  @Override
  public int committedToken(int number, int position) {
    return sessions[number].tokens.get(position);
  }

  @Override
  public int[] committedTokens(int number, int count) {
    return sessions[number].tokens.stream().limit(count).mapToInt(Integer::intValue).toArray();
  }

  @Override
  public int cachedTokens(int number) {
    return sessions[number].cached;
  }

  @Override
  public void tune(int rows) {}

  @Override
  public void step(VerifySlots slots, int slotCount, StepStats stats) {
    steps.incrementAndGet();
    if (breaks) {
      throw new IllegalStateException("scripted bug");
    }
    CountDownLatch gate = blocksOn;
    if (gate != null) {
      awaitUninterruptibly(gate);
    }
    if (stepNanos > 0) {
      long end = System.nanoTime() + stepNanos;
      while (System.nanoTime() - end < 0) {
        Thread.onSpinWait();
      }
    }
    for (int i = 0; i < slotCount; i++) {
      Session session = sessions[slots.session(i)];
      boolean answers = slots.kvOffset(i) + slots.leadCount(i) == session.tokens.size();
      check(session.sequence >= 0, "is resident");
      if (!poison.isEmpty()
          && session.tokens.stream().anyMatch(poison::contains)
          && (answers || !poisonsAnswersOnly)) {
        for (int k = 0; k < slotCount; k++) {
          sessions[slots.session(k)].cached = 0;
        }
        throw new SledException(SledStatus.DECODE, "scripted failure");
      }
    }
    requireMemory();
    int rows = 0;
    for (int i = 0; i < slotCount; i++) {
      rows += slots.leadCount(i) + slots.draftCount(i);
      compute(slots, i);
    }
    stats.script(1, Math.max(2, rows), rows, slotCount, 0); // a lone row is padded
  }

  private void compute(VerifySlots slots, int slot) {
    Session session = sessions[slots.session(slot)];
    int committed = session.tokens.size();
    int leadEnd = slots.kvOffset(slot) + slots.leadCount(slot);
    check(slots.kvOffset(slot) == session.cached, "starts at the cached length");
    check(slots.leadCount(slot) >= 1 && leadEnd <= committed, "the lead is committed");
    check(slots.draftCount(slot) == 0 || leadEnd == committed, "drafts follow the lead");
    check(session.finish == FinishReason.NONE, "is not finished");
    computedTokens.addAndGet(slots.leadCount(slot) + slots.draftCount(slot));
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

  private static void awaitUninterruptibly(CountDownLatch gate) {
    try {
      gate.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
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
