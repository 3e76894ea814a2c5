package org.sled.core.schedule;

/**
 * What a scheduler knows of each session: how often its drafts are right, when its next block is
 * due, how far its reader is, and how many drafts it may still send.
 *
 * <p>Pure; belongs to one thread; allocates only when created. Sessions are numbers from 0 on.
 */
public final class SessionBook {
  /** Drafts looked at that a new session is believed to have behind it. */
  private static final double PRIOR_DRAFTS = 6;

  /** Acceptance of the very first session. */
  private static final double FIRST_ACCEPTANCE = 0.7;

  /** What was seen so many drafts ago counts 1/e. */
  private static final double MEMORY_DRAFTS = 64;

  /** For all sessions together: what was seen so many drafts ago counts 1/e. */
  private static final double COMMON_MEMORY_DRAFTS = 512;

  /** After so many rounds without a draft looked at, one is. */
  private static final int PROBE_ROUNDS = 8;

  private static final double THINK_GAIN = 0.2;

  private static final double ROWS_GAIN = 0.05;

  /** A session that is later than so many deviations is not waited for any more. */
  private static final double PATIENCE_DEVIATIONS = 4;

  /** Drafts that a session may have looked at in advance, before any is accepted. */
  private static final double CREDIT_DRAFTS = 64;

  /** Each round gives so much credit, and each accepted draft so much. */
  private static final double CREDIT_PER_ROUND = 0.5;

  private static final double CREDIT_PER_ACCEPTED = 1.5;

  private final double[] looked;
  private final double[] matched;
  private final double[] credit;
  private final int[] blindRounds; // in succession: no draft was looked at
  private final double[] thinkNanos;
  private final double[] thinkDeviation;
  private final long[] answeredNanos;
  private final int[] lastRows;
  private final long[] dueNanos;

  // Sessions whose next block is expected, in no order.
  private final int[] expected;
  private final int[] expectedPlace; // by session; -1: not expected
  private int expectedCount;

  // Of all sessions: how long their first block took, and how long their blocks are. What is
  // expected of a session that has sent none.
  private double firstThinkNanos;
  private double firstThinkDeviation;
  private double usualRows = 1;

  private double allLooked = PRIOR_DRAFTS;
  private double allMatched = PRIOR_DRAFTS * FIRST_ACCEPTANCE;

  /** Creates a book for sessions 0 to capacity − 1. */
  public SessionBook(int capacity) {
    looked = new double[capacity];
    matched = new double[capacity];
    credit = new double[capacity];
    blindRounds = new int[capacity];
    thinkNanos = new double[capacity];
    thinkDeviation = new double[capacity];
    answeredNanos = new long[capacity];
    lastRows = new int[capacity];
    dueNanos = new long[capacity];
    expected = new int[capacity];
    expectedPlace = new int[capacity];
    java.util.Arrays.fill(expectedPlace, -1);
  }

  /** A session begins. */
  public void opened(int session) {
    looked[session] = PRIOR_DRAFTS;
    matched[session] = PRIOR_DRAFTS * allMatched / allLooked;
    credit[session] = CREDIT_DRAFTS;
    blindRounds[session] = 0;
    thinkNanos[session] = 0;
    thinkDeviation[session] = 0;
    answeredNanos[session] = 0;
    lastRows[session] = 0;
    dueNanos[session] = 0;
    forget(session);
  }

  /** A session ends, or will not send a block for now. */
  public void forget(int session) {
    int place = expectedPlace[session];
    if (place >= 0) {
      expectedCount--;
      expected[place] = expected[expectedCount];
      expectedPlace[expected[place]] = place;
      expectedPlace[session] = -1;
    }
  }

  /**
   * The next block of a session is there, and goes into a step. Not one that is answered at once:
   * the session still owes one.
   *
   * @param arrivedNanos when it came in; before the last verdict, if the session has several in
   *     flight: that says nothing of how long it thinks
   */
  public void arrived(int session, long arrivedNanos) {
    if (expectedPlace[session] < 0) {
      return;
    }
    forget(session);
    if (arrivedNanos <= answeredNanos[session]) {
      return;
    }
    double think = (double) (arrivedNanos - answeredNanos[session]);
    double error = think - thinkNanos(session);
    double deviation = thinkDeviation(session);
    if (thinkNanos[session] > 0) {
      thinkNanos[session] += THINK_GAIN * error;
      thinkDeviation[session] += THINK_GAIN * (Math.abs(error) - deviation);
      return;
    }
    thinkNanos[session] = think;
    thinkDeviation[session] = think / 2;
    if (firstThinkNanos == 0) {
      firstThinkNanos = think;
      firstThinkDeviation = think / 2;
    } else {
      firstThinkNanos += THINK_GAIN * error;
      firstThinkDeviation += THINK_GAIN * (Math.abs(error) - deviation);
    }
  }

  private double thinkNanos(int session) {
    return thinkNanos[session] > 0 ? thinkNanos[session] : firstThinkNanos;
  }

  private double thinkDeviation(int session) {
    return thinkNanos[session] > 0 ? thinkDeviation[session] : firstThinkDeviation;
  }

  /**
   * A verdict goes out, and the session's next block is expected.
   *
   * @param rows that its block was granted
   * @param verified drafts that were looked at
   * @param accepted drafts among them that were right
   */
  public void answered(int session, int rows, int verified, int accepted, long nowNanos) {
    double keep = Math.exp(-verified / MEMORY_DRAFTS);
    looked[session] = looked[session] * keep + verified;
    matched[session] = matched[session] * keep + accepted;
    double keepOfAll = Math.exp(-verified / COMMON_MEMORY_DRAFTS);
    allLooked = allLooked * keepOfAll + verified;
    allMatched = allMatched * keepOfAll + accepted;
    credit[session] =
        Math.min(
            CREDIT_DRAFTS,
            Math.max(
                0, credit[session] - verified + CREDIT_PER_ROUND + CREDIT_PER_ACCEPTED * accepted));
    blindRounds[session] = verified == 0 ? blindRounds[session] + 1 : 0;
    lastRows[session] = rows;
    usualRows += ROWS_GAIN * (rows - usualRows);
    expect(session, nowNanos);
  }

  /**
   * Whether a draft should be looked at although it may not pay: else nobody learns that it does.
   */
  public boolean isProbeDue(int session) {
    return blindRounds[session] >= PROBE_ROUNDS;
  }

  /** A first token goes out: the session's first block is expected. */
  public void started(int session, long nowNanos) {
    lastRows[session] = (int) Math.round(usualRows);
    expect(session, nowNanos);
  }

  /**
   * A session's text is at its end, and its device is likely to ask for another one: it is waited
   * for like a block, until {@link #forget}. The number may be another session's by then.
   *
   * @param thinkNanos until it asks, usually
   * @param deviation of that, usually
   */
  public void returns(int session, double thinkNanos, double deviation, long nowNanos) {
    this.thinkNanos[session] = thinkNanos;
    thinkDeviation[session] = deviation;
    started(session, nowNanos); // its block will be like a first one, too
  }

  private void expect(int session, long nowNanos) {
    answeredNanos[session] = nowNanos;
    if (expectedPlace[session] < 0) {
      expectedPlace[session] = expectedCount;
      expected[expectedCount] = session;
      expectedCount++;
    }
  }

  /** How many sessions owe a block, or another text. */
  public int expectedCount() {
    return expectedCount;
  }

  /**
   * A session that owes one.
   *
   * @param index 0 to {@link #expectedCount} − 1, in no order
   */
  public int expectedSession(int index) {
    return expected[index];
  }

  /** When its block will probably arrive, ns; {@link Long#MAX_VALUE} if there is no telling yet. */
  public long expectedNanos(int session) {
    double think = thinkNanos(session);
    return think == 0 ? Long.MAX_VALUE : answeredNanos[session] + (long) think;
  }

  /** When it will have arrived unless something is amiss, ns. */
  public long latestNanos(int session) {
    return expectedNanos(session) + (long) (PATIENCE_DEVIATIONS * thinkDeviation(session));
  }

  /** How many sessions owe a block that is not overdue. */
  public int awaitedCount(long nowNanos) {
    int count = 0;
    for (int i = 0; i < expectedCount; i++) {
      count += latestNanos(expected[i]) > nowNanos ? 1 : 0;
    }
    return count;
  }

  /** Rows of its last block. */
  public int lastRows(int session) {
    return lastRows[session];
  }

  /** The chance that a draft is right if all before it are; between 0.01 and 0.99. */
  public double acceptance(int session) {
    return chance(matched[session], looked[session]);
  }

  /**
   * The chance that a draft is right if all before it are, over all sessions' latest drafts;
   * between 0.01 and 0.99.
   */
  public double acceptance() {
    return chance(allMatched, allLooked);
  }

  private static double chance(double right, double seen) {
    return Math.max(0.01, Math.min(0.99, right / seen));
  }

  /** Drafts of its next block that will be looked at, however cheap they are; at least 1. */
  public int credit(int session) {
    return (int) Math.max(1, credit[session]);
  }

  /**
   * Tokens are delivered to a session's reader, who takes one per so many ns.
   *
   * @param nanosPerToken 0: there is no objective
   */
  public void delivered(int session, int tokens, long nanosPerToken, long nowNanos) {
    if (nanosPerToken > 0) {
      dueNanos[session] = Math.max(dueNanos[session], nowNanos) + tokens * nanosPerToken;
    }
  }

  /** When its reader has nothing left to read, ns. */
  public long dueNanos(int session) {
    return dueNanos[session];
  }

  /** The device says itself when its reader has nothing left. */
  public void due(int session, long nanos) {
    dueNanos[session] = nanos;
  }
}
