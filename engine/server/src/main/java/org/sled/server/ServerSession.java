package org.sled.server;

import io.netty.buffer.ByteBuf;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.round.SessionView;
import org.sled.net.server.Connection;

/**
 * One session of one connection, as the verifier thread sees it. Its committed tokens and K/V are
 * the native session's; this holds what the rounds need.
 *
 * <p>Belongs to the verifier thread, but for the final fields, {@link #isClosed} and {@link
 * #leaving}.
 */
final class ServerSession implements SessionView {
  /** Blocks of one session that may wait; a device's window is smaller. */
  static final int MAX_WAITING_BLOCKS = 16;

  /** What the session has in the work queue, or in the step that is computed. */
  enum Wants {
    NOTHING,
    /** Its prompt, and after it the first token. */
    FIRST_TOKEN,
    /** The verdict on {@link #block}. */
    VERDICT,
    /** A token of the target's own. */
    PUSHED_TOKEN
  }

  private static final int NO_NUMBER = -1;

  final Connection connection;
  final int id;
  final int epoch;
  private final TargetEngine engine;

  /** What its owner shows to resume the stream; none until it is opened. */
  StreamSecret secret = StreamSecret.NONE;

  /** Of the native session. */
  int number = NO_NUMBER;

  /** Whose share of the server it uses. */
  int tenant;

  Wants wants = Wants.NOTHING;

  /** Positions with K/V. */
  int cached;

  /** When what it wants was decoded, ns. */
  long decodedNanos;

  /** When its OPEN was decoded, ns: it may have waited for room since. */
  long askedNanos;

  /** When there was room for it, ns. */
  long openedNanos;

  /**
   * It took part in a step that failed: it is computed alone until it gives a token again, and ends
   * if that fails, too.
   */
  boolean suspect;

  /** Tokens that the server may still add alone. */
  int pushCredit;

  long pushDecodedNanos;

  /** The block that is in the work queue, read through this flyweight; null frame when none. */
  final DraftFrame block = new DraftFrame();

  ByteBuf blockFrame;

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

  ServerSession(Connection connection, int id, int epoch, TargetEngine engine) {
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
  boolean pushes() {
    return wants == Wants.PUSHED_TOKEN;
  }

  boolean isOpen() {
    return number != NO_NUMBER;
  }

  /** Any thread. */
  boolean isClosed() {
    return closed;
  }

  /** Any thread: its CLOSE is on its way to the verifier. */
  void leaving() {
    leaving = true;
  }

  /** Any thread: nothing need be begun for it any more. */
  boolean isLeaving() {
    return leaving;
  }

  void opened(int newNumber, int promptTokens, int newestPromptToken) {
    number = newNumber;
    committedLength = promptTokens;
    newestToken = newestPromptToken;
  }

  void closed() {
    number = NO_NUMBER;
    wants = Wants.NOTHING;
    closed = true;
    releaseBlocks();
  }

  void commit(int newCommittedLength, int newNewestToken, FinishReason reason) {
    committedLength = newCommittedLength;
    newestToken = newNewestToken;
    finishReason = reason;
    cached = newCommittedLength - 1;
  }

  /** Rows that its K/V lacks before the newest committed token. */
  int missingRows() {
    return committedLength - 1 - cached;
  }

  void answered(int round) {
    lastRound = Math.max(lastRound, round);
  }

  /** Keeps a block for later; false if too many wait. */
  boolean addWaiting(ByteBuf draft, long decoded) {
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
  boolean nextBlock() {
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

  void releaseBlock() {
    if (blockFrame != null) {
      blockFrame.release();
      blockFrame = null;
    }
  }

  void releaseBlocks() {
    releaseBlock();
    while (nextBlock()) {
      releaseBlock();
    }
  }
}
