package org.sled.server;

import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.jni.StepStats;
import org.sled.jni.VerifySlots;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/**
 * A fake target that only counts: prompts are kept, generated tokens are not. For simulations with
 * very many sessions, which compute steps themselves.
 */
final class CountingTarget implements TargetEngine {
  private static final int BYTES_PER_TOKEN = 10;
  private static final int NONE = -1;

  final int[][] prompts;
  final int[] committed;
  final int[] cached;
  private final int[] saved;
  private final int[] sequenceOf;
  private final boolean[] taken;
  private final int[] free; // numbers
  private int freeCount;

  /** Tokens whose K/V was taken from others. */
  long sharedTokens;

  /** K/V cannot be copied, as with sliding windows: it can stay, be moved or be forgotten. */
  boolean refusesCopies;

  /** Copies that were asked for although they are refused. */
  int refusedCopies;

  CountingTarget(int sessions, int sequences) {
    prompts = new int[sessions][];
    committed = new int[sessions];
    cached = new int[sessions];
    saved = new int[sessions];
    sequenceOf = new int[sessions];
    taken = new boolean[sequences];
    free = new int[sessions];
    for (int i = sessions - 1; i >= 0; i--) {
      free[freeCount++] = i;
      sequenceOf[i] = NONE;
    }
  }

  int openCount() {
    return prompts.length - freeCount;
  }

  boolean isResident(int session) {
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
    throw new UnsupportedOperationException("simulations compute steps themselves");
  }

  @Override
  public void close() {}

  static void check(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError("violated: " + what);
    }
  }
}
