package org.sled.server.session;

import io.netty.buffer.ByteBuf;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.round.SessionView;
import org.sled.net.server.Connection;
import org.sled.server.target.TargetEngine;
import org.sled.server.verify.Quarantine;

/**
 * One session of one connection, as the verifier thread sees it. Its committed tokens and K/V are
 * the native session's; this holds what the rounds need.
 *
 * <p>Belongs to the verifier thread, but for the final fields, {@link #isClosed} and {@link
 * #leaving}.
 */
public final class ServerSession implements SessionView {
  /** Blocks of one session that may wait; a device's window is smaller. */
  public static final int MAX_WAITING_BLOCKS = 16;

  /** What the session has in the work queue, or in the step that is computed. */
  public enum Wants {
    NOTHING,
    /** Its prompt, and after it the first token. */
    FIRST_TOKEN,
    /** The verdict on {@link #block}. */
    VERDICT,
    /** A token of the target's own. */
    PUSHED_TOKEN
  }

  private static final int NO_NUMBER = -1;

  public final Connection connection;
  public final int id;
  public final int epoch;
  private final TargetEngine engine;

  /** What its owner shows to resume the stream; none until it is opened. */
  public StreamSecret secret = StreamSecret.NONE;

  /** Of the native session. */
  public int number = NO_NUMBER;

  /** Whose share of the server it uses. */
  public int tenant;

  public Wants wants = Wants.NOTHING;

  /** Positions with K/V. */
  public int cached;

  /** When what it wants was decoded, ns. */
  public long decodedNanos;

  /** When its OPEN was decoded, ns: it may have waited for room since. */
  public long askedNanos;

  /** When there was room for it, ns. */
  public long openedNanos;

  /**
   * It took part in a step that failed: it is computed alone until it gives a token again, and ends
   * if that fails, too. See {@link Quarantine}.
   */
  public boolean isQuarantined;

  /** Tokens that the server may still add alone. */
  public int pushCredit;

  public long pushDecodedNanos;

  /** The block that is in the work queue, read through this flyweight; null frame when none. */
  public final DraftFrame block = new DraftFrame();

  public ByteBuf blockFrame;

  private int committedLength;
  private int newestToken;
  private FinishReason finishReason = FinishReason.NONE;
  private int lastRound;

  private final ByteBuf[] waitingBlocks = new ByteBuf[MAX_WAITING_BLOCKS];
  private final long[] waitingDecodedNanos = new long[MAX_WAITING_BLOCKS];
  private int firstWaiting;
  private int waitingCount;

  private volatile boolean closed;

  private volatile boolean leaving;

  public ServerSession(Connection connection, int id, int epoch, TargetEngine engine) {
    this.connection = connection;
    this.id = id;
    this.epoch = epoch;
    this.engine = engine;
  }

  @Override
  public int epoch() {
    return epoch;
  }

  @Override
  public int committedLength() {
    return committedLength;
  }

  @Override
  public int committedToken(int position) {
    // The newest one is asked for at every block, older ones only by duplicates.
    return position == committedLength - 1 ? newestToken : engine.committedToken(number, position);
  }

  @Override
  public FinishReason finishReason() {
    return finishReason;
  }

  @Override
  public int lastRound() {
    return lastRound;
  }

  /** Whether the server goes on alone for it. */
  public boolean pushes() {
    return wants == Wants.PUSHED_TOKEN;
  }

  public boolean isOpen() {
    return number != NO_NUMBER;
  }

  /** Any thread. */
  public boolean isClosed() {
    return closed;
  }

  /** Any thread: its CLOSE is on its way to the verifier. */
  public void leaving() {
    leaving = true;
  }

  /** Any thread: nothing need be begun for it any more. */
  public boolean isLeaving() {
    return leaving;
  }

  public void opened(int newNumber, int promptTokens, int newestPromptToken) {
    number = newNumber;
    committedLength = promptTokens;
    newestToken = newestPromptToken;
  }

  public void closed() {
    number = NO_NUMBER;
    wants = Wants.NOTHING;
    closed = true;
    releaseBlocks();
  }

  public void commit(int newCommittedLength, int newNewestToken, FinishReason reason) {
    committedLength = newCommittedLength;
    newestToken = newNewestToken;
    finishReason = reason;
    cached = newCommittedLength - 1;
  }

  /** Rows that its K/V lacks before the newest committed token. */
  public int missingRows() {
    return committedLength - 1 - cached;
  }

  public void answered(int round) {
    lastRound = Math.max(lastRound, round);
  }

  /** Keeps a block for later; false if too many wait. */
  public boolean addWaiting(ByteBuf draft, long decoded) {
    if (waitingCount == MAX_WAITING_BLOCKS) {
      return false;
    }
    int index = (firstWaiting + waitingCount) % MAX_WAITING_BLOCKS;
    waitingBlocks[index] = draft;
    waitingDecodedNanos[index] = decoded;
    waitingCount++;
    return true;
  }

  /** Makes the oldest waiting block the current one; false if none waits. */
  public boolean nextBlock() {
    if (waitingCount == 0) {
      return false;
    }
    blockFrame = waitingBlocks[firstWaiting];
    decodedNanos = waitingDecodedNanos[firstWaiting];
    waitingBlocks[firstWaiting] = null;
    firstWaiting = (firstWaiting + 1) % MAX_WAITING_BLOCKS;
    waitingCount--;
    block.wrap(blockFrame);
    return true;
  }

  public void releaseBlock() {
    if (blockFrame != null) {
      blockFrame.release();
      blockFrame = null;
    }
  }

  public void releaseBlocks() {
    releaseBlock();
    while (nextBlock()) {
      releaseBlock();
    }
  }
}
