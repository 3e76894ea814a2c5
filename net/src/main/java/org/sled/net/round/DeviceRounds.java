package org.sled.net.round;

import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;

/**
 * A device's blocks in flight, and what to do with a verdict: the second transition table of
 * PROTOCOL.md, whose row numbers stand in the code.
 *
 * <p>A block in flight is <em>alive</em> while it still follows from what is committed: it, or the
 * first of the chain that leads to it, starts at the newest committed token. A block that does not
 * is dead; its verdict is awaited, since it keeps a place in the window, and ignored.
 *
 * <p>Belongs to the session's draft thread. Allocates only when created.
 */
public final class DeviceRounds {
  private final int[] rounds;
  private final int[] kvOffsets;
  private final int[] parents;
  private final int[] draftCounts;
  private final boolean[] alive;
  private final int vocabularySize;

  private int head;
  private int inFlight;
  private int epoch;
  private int lastRound;
  private int committedLength;
  private int newestToken;

  /**
   * Creates the rounds of one session; call {@link #restart} before the first block.
   *
   * @param maxInFlight blocks in flight at most, at least 1
   * @param vocabularySize token ids are from 0 to below this
   */
  public DeviceRounds(int maxInFlight, int vocabularySize) {
    rounds = new int[maxInFlight];
    kvOffsets = new int[maxInFlight];
    parents = new int[maxInFlight];
    draftCounts = new int[maxInFlight];
    alive = new boolean[maxInFlight];
    this.vocabularySize = vocabularySize;
  }

  /** Begins an epoch: nothing in flight, rounds count from 1 again. */
  public void restart(int newEpoch, int newCommittedLength, int newNewestToken) {
    epoch = newEpoch;
    lastRound = 0;
    head = 0;
    inFlight = 0;
    committedLength = newCommittedLength;
    newestToken = newNewestToken;
  }

  /** How many blocks are in flight, dead ones included. */
  public int inFlight() {
    return inFlight;
  }

  /** How many blocks in flight are alive: the verdicts that can still commit something. */
  public int aliveInFlight() {
    int count = 0;
    for (int i = 0; i < inFlight; i++) {
      count += alive[slot(i)] ? 1 : 0;
    }
    return count;
  }

  /** Drafts of the blocks in flight that are alive. */
  public int aliveDrafts() {
    int count = 0;
    for (int i = 0; i < inFlight; i++) {
      count += alive[slot(i)] ? draftCounts[slot(i)] : 0;
    }
    return count;
  }

  /** Whether a further block fits into the window. */
  public boolean hasRoom() {
    return inFlight < rounds.length;
  }

  /** The round whose verdict comes next; there must be a block in flight. */
  public int oldestInFlight() {
    return rounds[head];
  }

  /** C as this device knows it. */
  public int committedLength() {
    return committedLength;
  }

  /** The token at C − 1. */
  public int newestToken() {
    return newestToken;
  }

  /**
   * Notes a block that is about to be sent, and numbers it.
   *
   * @param kvOffset its KV offset: C − 1, or where the last alive block ends if fully accepted
   * @param parentToken its parent: the newest committed token, or the guess for it
   * @param draftCount how many drafts it has
   * @return its round
   * @throws IllegalStateException if the window is full
   */
  public int send(int kvOffset, int parentToken, int draftCount) {
    if (!hasRoom()) {
      throw new IllegalStateException("window of " + rounds.length + " blocks is full");
    }
    int slot = slot(inFlight);
    rounds[slot] = ++lastRound;
    kvOffsets[slot] = kvOffset;
    parents[slot] = parentToken;
    draftCounts[slot] = draftCount;
    alive[slot] = true;
    inFlight++;
    return lastRound;
  }

  /** The predecessor round to send with a block: the last alive one in flight, or 0. */
  public int predecessorRound() {
    for (int i = inFlight - 1; i >= 0; i--) {
      if (alive[slot(i)]) {
        return rounds[slot(i)];
      }
    }
    return 0;
  }

  /**
   * Says what to do with a verdict, and does the book-keeping: at COMMIT the committed length and
   * newest token are new, and the blocks that no longer follow are dead.
   */
  public DeviceAction onVerdict(VerdictFrame verdict) {
    if (verdict.epoch() != epoch) {
      return verdict.epoch() < epoch
          ? DeviceAction.IGNORE_LATE // row 1
          : DeviceAction.PROTOCOL_ERROR; // row 2
    }
    int round = verdict.round();
    if (round < 1 || round > lastRound) {
      return DeviceAction.PROTOCOL_ERROR; // row 3
    }
    int slot = find(round);
    if (slot < 0) {
      return DeviceAction.IGNORE_LATE; // row 4
    }
    DeviceAction action = judge(verdict, slot);
    if (action != DeviceAction.PROTOCOL_ERROR) {
      forgetUpTo(round);
    }
    if (action == DeviceAction.COMMIT) {
      advance(verdict.committedLength(), verdict.nextToken());
    } else if (action == DeviceAction.DROP_STALE) {
      killAll();
    }
    return action;
  }

  /**
   * Forgets every block in flight, after a CANCEL or when the server answered one with an ERROR;
   * what still comes for them is late. The committed tokens stay, and so do the numbers of rounds.
   */
  public void dropAll() {
    head = 0;
    inFlight = 0;
  }

  /**
   * Notes tokens that were committed otherwise (TOKENS under a PUSH): blocks in flight that do not
   * start from them are dead.
   */
  public void advance(int newCommittedLength, int newNewestToken) {
    committedLength = newCommittedLength;
    newestToken = newNewestToken;
    // A chain is alive as long as its first block is: that one decides for all.
    boolean follows = true;
    for (int i = 0; i < inFlight; i++) {
      int slot = slot(i);
      if (alive[slot]) {
        if (follows) {
          follows = kvOffsets[slot] == newCommittedLength - 1 && parents[slot] == newNewestToken;
        }
        if (follows) {
          return;
        }
        alive[slot] = false;
      }
    }
  }

  private DeviceAction judge(VerdictFrame verdict, int slot) {
    int accepted = verdict.accepted();
    if (accepted > verdict.verified() || verdict.verified() > draftCounts[slot]) {
      return DeviceAction.PROTOCOL_ERROR; // row 5
    }
    if (verdict.status() == VerdictStatus.STALE) {
      if (accepted > 0 || verdict.committedLength() < committedLength) {
        return DeviceAction.PROTOCOL_ERROR; // row 6
      }
      return alive[slot] ? DeviceAction.DROP_STALE : DeviceAction.IGNORE_LATE; // rows 7, 8
    }
    if (verdict.committedLength() != kvOffsets[slot] + accepted + 2) {
      return DeviceAction.PROTOCOL_ERROR; // row 9
    }
    if (Integer.compareUnsigned(verdict.nextToken(), vocabularySize) >= 0) {
      return DeviceAction.PROTOCOL_ERROR; // row 10
    }
    if (!alive[slot]) {
      return DeviceAction.IGNORE_LATE; // row 8
    }
    return kvOffsets[slot] == committedLength - 1 && parents[slot] == newestToken
        ? DeviceAction.COMMIT // row 11
        : DeviceAction.PROTOCOL_ERROR; // row 12
  }

  private int slot(int index) {
    int slot = head + index;
    return slot < rounds.length ? slot : slot - rounds.length;
  }

  private int find(int round) {
    for (int i = 0; i < inFlight; i++) {
      if (rounds[slot(i)] == round) {
        return slot(i);
      }
    }
    return -1;
  }

  /** Verdicts of a session come in order, so those before it will not come any more. */
  private void forgetUpTo(int round) {
    while (inFlight > 0 && rounds[head] <= round) {
      head = slot(1);
      inFlight--;
    }
  }

  private void killAll() {
    for (int i = 0; i < inFlight; i++) {
      alive[slot(i)] = false;
    }
  }
}
