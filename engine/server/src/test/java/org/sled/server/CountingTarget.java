package org.sled.server;

import java.util.Random;
import java.util.function.IntToLongFunction;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.jni.StepStats;
import org.sled.jni.VerifySlots;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;
import org.sled.server.target.TargetEngine;

/**
 * A fake target that only counts: prompts are kept, generated tokens are not, and drafts are right
 * by chance. For simulations with very many sessions.
 */
public final class CountingTarget implements TargetEngine {
  private static final int BYTES_PER_TOKEN = 10;
  private static final int NONE = -1;

  final int[][] prompts;
  final int[] committed;
  public final int[] cached;
  private final int[] saved;
  private final int[] sequenceOf;
  private final boolean[] taken;
  private final int[] free; // numbers
  private int freeCount;

  private final double[] acceptance;

  /** Of which drafts are right. */
  public Random random = new Random(0);

  /** What a step of so many rows takes, ns; is asked once in each step. */
  public IntToLongFunction stepNanos = rows -> 0;

  /** Tokens whose K/V was taken from others. */
  public long sharedTokens;

  /** K/V cannot be copied, as with sliding windows: it can stay, be moved or be forgotten. */
  public boolean refusesCopies;

  /** Copies that were asked for although they are refused. */
  public int refusedCopies;

  public CountingTarget(int sessions, int sequences) {
    prompts = new int[sessions][];
    committed = new int[sessions];
    cached = new int[sessions];
    saved = new int[sessions];
    sequenceOf = new int[sessions];
    acceptance = new double[sessions];
    taken = new boolean[sequences];
    free = new int[sessions];
    for (int i = sessions - 1; i >= 0; i--) {
      free[freeCount++] = i;
      sequenceOf[i] = NONE;
    }
  }

  public int openCount() {
    return prompts.length - freeCount;
  }

  public boolean isResident(int session) {
    return sequenceOf[session] != NONE;
  }

  @Override
  public int openSession(TokenIds prompt, int maxNewTokens, boolean ignoreEnd, Sampling sampling) {
    if (freeCount == 0) {
      throw new SledException(SledStatus.NO_SEQUENCE, "all taken");
    }
    int number = free[--freeCount];
    prompts[number] = new int[prompt.count()];
    for (int i = 0; i < prompt.count(); i++) {
      prompts[number][i] = prompt.id(i);
    }
    committed[number] = prompt.count();
    cached[number] = 0;
    saved[number] = 0;
    acceptance[number] = random.nextDouble();
    return number;
  }

  @Override
  public void closeSession(int session) {
    check(prompts[session] != null, "is open");
    release(session);
    prompts[session] = null;
    free[freeCount++] = session;
  }

  private void release(int session) {
    if (sequenceOf[session] != NONE) {
      taken[sequenceOf[session]] = false;
      sequenceOf[session] = NONE;
    }
  }

  @Override
  public void attach(int session, int sequence) {
    check(sequenceOf[session] == NONE && !taken[sequence], "the sequence is free");
    taken[sequence] = true;
    sequenceOf[session] = sequence;
    cached[session] = saved[session];
    saved[session] = 0;
  }

  @Override
  public long detach(int session, boolean keep) {
    if (keep) {
      check(sequenceOf[session] != NONE, "is resident");
      requireCopies();
    }
    release(session);
    saved[session] = keep ? cached[session] : 0;
    cached[session] = saved[session];
    return (long) saved[session] * BYTES_PER_TOKEN;
  }

  @Override
  public void share(int to, int from, int tokens, boolean move) {
    check(isResident(from) || (saved[from] > 0 && !move), "the donor has K/V");
    check(cached[from] >= tokens, "the donor has that K/V");
    check(cached[to] < tokens && tokens < committed[to], "it is of use");
    for (int i = 0; i < Math.min(tokens, prompts[from].length); i++) {
      check(prompts[from][i] == prompts[to][i], "is common");
    }
    if (!move) {
      requireCopies();
    } else {
      check(!isResident(to), "has no sequence to lose");
      sequenceOf[to] = sequenceOf[from];
      sequenceOf[from] = NONE;
      cached[from] = 0;
    }
    check(isResident(to), "has a sequence");
    cached[to] = tokens;
    sharedTokens += tokens;
  }

  private void requireCopies() {
    if (refusesCopies) {
      refusedCopies++;
      throw new SledException(SledStatus.UNSUPPORTED, "scripted windows");
    }
  }

  @Override
  public int committedToken(int session, int position) {
    return position < prompts[session].length ? prompts[session][position] : 0;
  }

  @Override
  public int[] committedTokens(int session, int count) {
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) {
      // Generated tokens differ from session to session, and from every prompt's.
      tokens[i] = i < prompts[session].length ? prompts[session][i] : -1 - session;
    }
    return tokens;
  }

  @Override
  public int cachedTokens(int session) {
    return cached[session];
  }

  @Override
  public void tune(int rows) {}

  @Override
  public void step(VerifySlots slots, int slotCount, StepStats stats) {
    int rows = 0;
    for (int slot = 0; slot < slotCount; slot++) {
      rows += slots.leadCount(slot) + slots.draftCount(slot);
      compute(slots, slot);
    }
    stats.script(1, rows, rows, slotCount, stepNanos.applyAsLong(rows));
  }

  private void compute(VerifySlots slots, int slot) {
    int number = slots.session(slot);
    check(isResident(number), "who takes part in a step is resident");
    check(slots.kvOffset(slot) == cached[number], "both know the same K/V");
    int leadEnd = cached[number] + slots.leadCount(slot);
    check(leadEnd <= committed[number], "the lead is committed");
    if (leadEnd < committed[number]) {
      check(slots.draftCount(slot) == 0, "drafts follow all that is committed");
      cached[number] = leadEnd;
      slots.script(slot, 0, 0, NONE, committed[number], 0);
      return;
    }
    int drafts = slots.draftCount(slot);
    int accepted = 0;
    while (accepted < drafts && random.nextDouble() < acceptance[number]) {
      accepted++;
    }
    committed[number] += accepted + 1;
    cached[number] = committed[number] - 1;
    slots.script(slot, Math.min(drafts, accepted + 1), accepted, 0, committed[number], 0);
  }

  @Override
  public void close() {}

  public static void check(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError("violated: " + what);
    }
  }
}
