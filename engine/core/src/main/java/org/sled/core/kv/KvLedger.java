package org.sled.core.kv;

import java.util.Arrays;

/**
 * Which session owns which sequence of the K/V cache, how many of its cells are in use, and who has
 * to make room.
 *
 * <p>A session is <em>resident</em> (owns a sequence), <em>saved</em> (its K/V lies in host memory)
 * or has no K/V at all. A resident session is busy, idle or retired: retired ones have ended, and
 * only keep their K/V for others that begin with the same tokens. Who makes room is the longest
 * retired, then the longest idle; busy ones never do.
 *
 * <p>Pure bookkeeping: the caller does what is decided, and says what it has done. Belongs to one
 * thread; allocates only when created.
 */
public final class KvLedger {
  /** No session, or no sequence. */
  public static final int NONE = -1;

  private static final byte GONE = 0;
  private static final byte AWAY = 1;
  private static final byte BUSY = 2;
  private static final byte IDLE = 3;
  private static final byte RETIRED = 4;

  private final int cellsPerSequence;
  private final long hostBytesLimit;

  private final int[] sessionOf; // by sequence
  private final int[] sequenceOf; // by session
  private final byte[] state; // by session
  private final int[] cells; // by session
  private final long[] savedBytes; // by session

  // Two rings of idle and of retired sessions, longest there first; their heads come last.
  private final int[] next;
  private final int[] previous;
  private final int idleHead;
  private final int retiredHead;

  private int residents;
  private long cellsUsed;
  private long cellsRetained;
  private long allSavedBytes;

  /**
   * Creates an empty ledger.
   *
   * @param sessions numbers that sessions may have: 0 to sessions − 1
   * @param sequences of the cache
   * @param cellsPerSequence tokens that each of them holds
   * @param hostBytesLimit bytes of saved K/V in host memory at most
   */
  public KvLedger(int sessions, int sequences, int cellsPerSequence, long hostBytesLimit) {
    this.cellsPerSequence = cellsPerSequence;
    this.hostBytesLimit = hostBytesLimit;
    sessionOf = new int[sequences];
    sequenceOf = new int[sessions];
    state = new byte[sessions];
    cells = new int[sessions];
    savedBytes = new long[sessions];
    next = new int[sessions + 2];
    previous = new int[sessions + 2];
    idleHead = sessions;
    retiredHead = sessions + 1;
    next[idleHead] = idleHead;
    previous[idleHead] = idleHead;
    next[retiredHead] = retiredHead;
    previous[retiredHead] = retiredHead;
    Arrays.fill(sessionOf, NONE);
    Arrays.fill(sequenceOf, NONE);
  }

  /** A session begins, without K/V. */
  public void opened(int session) {
    require(state[session] == GONE, session, "is open");
    state[session] = AWAY;
  }

  /** A session is gone, with its K/V. */
  public void closed(int session) {
    require(state[session] != GONE, session, "is not open");
    leave(session);
    dropSaved(session);
    state[session] = GONE;
  }

  /** The lowest free sequence; {@link #NONE} if all are taken. Low ones lie beside each other. */
  public int freeSequence() {
    if (residents == sessionOf.length) {
      return NONE;
    }
    for (int i = 0; i < sessionOf.length; i++) {
      if (sessionOf[i] == NONE) {
        return i;
      }
    }
    return NONE;
  }

  /** The session that has to make room; {@link #NONE} if all resident ones are busy. */
  public int victim() {
    return victim(NONE);
  }

  /**
   * The session that has to make room where one is spared; {@link #NONE} if all others are busy.
   *
   * @param spared does not make room, whatever its state; {@link #NONE} for nobody
   */
  public int victim(int spared) {
    int retired = longest(retiredHead, spared);
    return retired == NONE ? longest(idleHead, spared) : retired;
  }

  /** The first session of a ring but for one that is spared. */
  private int longest(int head, int spared) {
    int session = next[head] == spared ? next[spared] : next[head];
    return session == head ? NONE : session;
  }

  /** The longest retired session; {@link #NONE} if there is none. */
  public int oldestRetired() {
    return next[retiredHead] == retiredHead ? NONE : next[retiredHead];
  }

  /** The session got this sequence, and its saved K/V is back in it. It is busy. */
  public void attached(int session, int sequence) {
    require(state[session] == AWAY, session, "is not away");
    require(sessionOf[sequence] == NONE, session, "gets a sequence that is taken");
    sessionOf[sequence] = session;
    sequenceOf[session] = sequence;
    residents++;
    state[session] = BUSY;
    cellsUsed += cells[session];
    dropSaved(session);
  }

  /**
   * The session gave its sequence back.
   *
   * @param bytes that its K/V takes in host memory; 0: it is forgotten
   */
  public void detached(int session, long bytes) {
    require(sequenceOf[session] != NONE, session, "is not resident");
    leave(session);
    state[session] = AWAY;
    savedBytes[session] = bytes;
    allSavedBytes += bytes;
    if (bytes == 0) {
      cells[session] = 0;
    }
  }

  /** The saved K/V of a session that is away is lost. */
  public void forgotten(int session) {
    require(state[session] == AWAY, session, "is not away");
    dropSaved(session);
  }

  /** A session that is away takes over the sequence of another, and so many cells of it. */
  public void moved(int from, int to, int toCells) {
    int sequence = sequenceOf[from];
    detached(from, 0);
    dropSaved(to);
    cells[to] = 0;
    attached(to, sequence);
    cached(to, toCells);
  }

  /** A resident session has K/V for so many tokens now. */
  public void cached(int session, int tokens) {
    require(tokens >= 0 && tokens <= cellsPerSequence, session, "has more cells than there are");
    if (sequenceOf[session] != NONE) {
      cellsUsed += tokens - cells[session];
    }
    cells[session] = tokens;
  }

  /** A resident session waits for a step, or takes part in one. */
  public void busy(int session) {
    enlist(session, BUSY, NONE);
  }

  /** A resident session wants nothing for now. */
  public void idle(int session) {
    enlist(session, IDLE, idleHead);
  }

  /** A resident session has ended; its K/V stays for others. */
  public void retired(int session) {
    enlist(session, RETIRED, retiredHead);
    cellsRetained += cells[session];
  }

  private void enlist(int session, byte newState, int head) {
    require(sequenceOf[session] != NONE, session, "is not resident");
    unlink(session);
    state[session] = newState;
    if (head != NONE) {
      next[session] = head;
      previous[session] = previous[head];
      next[previous[head]] = session;
      previous[head] = session;
    }
  }

  private void unlink(int session) {
    if (state[session] == RETIRED) {
      cellsRetained -= cells[session];
    }
    if (state[session] == IDLE || state[session] == RETIRED) {
      next[previous[session]] = next[session];
      previous[next[session]] = previous[session];
    }
  }

  private void leave(int session) {
    unlink(session);
    if (sequenceOf[session] != NONE) {
      sessionOf[sequenceOf[session]] = NONE;
      sequenceOf[session] = NONE;
      residents--;
      cellsUsed -= cells[session];
    }
    if (state[session] != AWAY) {
      state[session] = AWAY;
    }
  }

  private void dropSaved(int session) {
    allSavedBytes -= savedBytes[session];
    savedBytes[session] = 0;
    if (state[session] == AWAY && sequenceOf[session] == NONE) {
      cells[session] = 0;
    }
  }

  private static void require(boolean holds, int session, String what) {
    if (!holds) {
      throw new IllegalStateException("session " + session + " " + what);
    }
  }

  /** Whether so many bytes more may be saved in host memory. */
  public boolean maySave(long bytes) {
    return allSavedBytes + bytes <= hostBytesLimit;
  }

  /** The session's sequence; {@link #NONE} if it is not resident. */
  public int sequenceOf(int session) {
    return sequenceOf[session];
  }

  /** Whether it owns a sequence. */
  public boolean isResident(int session) {
    return sequenceOf[session] != NONE;
  }

  /** Whether it is resident and wants nothing for now. */
  public boolean isIdle(int session) {
    return state[session] == IDLE;
  }

  /** Whether it has ended and only keeps its K/V. */
  public boolean isRetired(int session) {
    return state[session] == RETIRED;
  }

  /** Tokens with K/V, saved or in the cache. */
  public int cells(int session) {
    return cells[session];
  }

  /** Sessions that own a sequence. */
  public int residents() {
    return residents;
  }

  /** Cells among them that only retired sessions use. */
  public long cellsRetained() {
    return cellsRetained;
  }

  /** Cells in use, of all sequences. */
  public long cellsUsed() {
    return cellsUsed;
  }

  /** Cells that there are. */
  public long cellsTotal() {
    return (long) cellsPerSequence * sessionOf.length;
  }

  /** Bytes of this session's saved K/V in host memory; 0 if nothing is saved. */
  public long savedBytes(int session) {
    return savedBytes[session];
  }

  /** Bytes of saved K/V in host memory. */
  public long savedBytes() {
    return allSavedBytes;
  }
}
