package org.sled.server.verify;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import org.sled.core.price.SpeculationPrice;
import org.sled.jni.StepStats;
import org.sled.jni.VerifySlots;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.TokensFrame;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;
import org.sled.net.protocol.Waiting;
import org.sled.net.round.CommittedAnswer;
import org.sled.server.session.ServerSession;
import org.sled.server.target.TargetEngine;

/**
 * Encodes what the verifier answers, straight into pooled direct buffers. Verifier thread only;
 * verdicts and tokens allocate nothing on the Java heap in steady state.
 */
final class Replies implements AutoCloseable {
  private static final int NANOS_PER_MICRO = 1_000;

  /** A window of blocks of one session, answered but not yet written. */
  private static final int REPLIES_PER_SESSION = 4;

  private final CommittedAnswer repeated = new CommittedAnswer();
  private final ReplyBuffers buffers;

  // Of the step that is answered.
  private long waitEndNanos;
  private long stepEndNanos;
  private int computeMicros;
  private int batchRows;
  private float price;
  private float alone;
  private int commonDrafts;

  /**
   * Creates the encoder.
   *
   * @param sessionCount sessions whose replies may be on their way
   */
  Replies(int sessionCount) {
    buffers = new ReplyBuffers(PooledByteBufAllocator.DEFAULT, sessionCount * REPLIES_PER_SESSION);
  }

  @Override
  public void close() {
    buffers.close();
  }

  /**
   * Notes the step whose results are sent next.
   *
   * @param waitEndNanos until when its sessions waited: for the engine, or for each other
   * @param step what it took
   * @param load what drafts cost now
   */
  void startStep(long waitEndNanos, StepStats step, SpeculationPrice load) {
    this.waitEndNanos = waitEndNanos;
    price = (float) load.draftSeconds();
    alone = (float) load.aloneSeconds();
    commonDrafts = load.commonDrafts();
    computeMicros = (int) (step.computeNanos() / NANOS_PER_MICRO);
    batchRows = Math.min(step.usefulRows(), 0xFFFF);
  }

  /** A step has ended, and be it by failing: until then the engine worked for others. */
  void stepEnded(long nanos) {
    stepEndNanos = nanos;
  }

  /**
   * The time that a frame waited because the engine was at work for others, or others were waited
   * for, µs.
   */
  private static int queueMicros(long decodedNanos, long waitEnd) {
    return (int) (Math.max(0, waitEnd - decodedNanos) / NANOS_PER_MICRO);
  }

  void opened(ServerSession session) {
    session.connection.sendStamped(
        new Opened(
            session.id,
            session.epoch,
            price,
            alone,
            commonDrafts,
            queueMicros(session.decodedNanos, waitEndNanos),
            computeMicros,
            0,
            session.committedLength(),
            session.committedToken(session.committedLength() - 1),
            session.finishReason(),
            session.secret),
        session.decodedNanos);
  }

  /** The verdict on the session's block, from its slot. */
  void verdict(ServerSession session, VerifySlots slots, int slot) {
    write(
        session,
        VerdictStatus.VERIFIED,
        queueMicros(session.decodedNanos, waitEndNanos),
        computeMicros,
        batchRows,
        session.finishReason(),
        slots.verified(slot),
        slots.accepted(slot),
        slots.nextToken(slot),
        slots.committed(slot));
  }

  /** The verdict on a block whose answer is committed already. */
  void repeated(ServerSession session) {
    CommittedAnswer answer = repeated.compute(session, session.block);
    write(
        session,
        VerdictStatus.REPEATED,
        queueMicros(session.decodedNanos, stepEndNanos),
        0,
        0,
        answer.finishReason(),
        answer.verified(),
        answer.accepted(),
        answer.nextToken(),
        answer.committedLength());
  }

  /** The verdict on a block that does not follow from what is committed. */
  void stale(ServerSession session) {
    write(
        session,
        VerdictStatus.STALE,
        queueMicros(session.decodedNanos, stepEndNanos),
        0,
        0,
        session.finishReason(),
        0,
        0,
        Protocol.NO_TOKEN,
        session.committedLength());
  }

  private void write(
      ServerSession session,
      VerdictStatus status,
      int queueMicros,
      int ownComputeMicros,
      int rows,
      FinishReason finishReason,
      int verified,
      int accepted,
      int nextToken,
      int committedLength) {
    ByteBuf frame = buffers.take();
    VerdictFrame.write(
        frame,
        session.id,
        session.block.round(),
        session.epoch,
        price,
        alone,
        commonDrafts,
        queueMicros,
        ownComputeMicros,
        status,
        finishReason,
        rows,
        verified,
        accepted,
        nextToken,
        committedLength);
    session.connection.sendStamped(frame, session.decodedNanos);
  }

  /** The newest tokens, which are the target's own. */
  void pushed(ServerSession session, TargetEngine engine, int count) {
    int queueMicros = queueMicros(session.decodedNanos, waitEndNanos);
    ByteBuf frame = tokens(session, queueMicros, computeMicros, batchRows, count);
    for (int at = session.committedLength() - count; at < session.committedLength(); at++) {
      frame.writeIntLE(engine.committedToken(session.number, at));
    }
    session.connection.sendStamped(frame, session.decodedNanos);
  }

  /** No token of the target's own will come any more. */
  void tookBack(ServerSession session, long nowNanos) {
    session.connection.sendStamped(tokens(session, 0, 0, 0, 0), nowNanos);
  }

  private ByteBuf tokens(
      ServerSession session, int queueMicros, int ownComputeMicros, int rows, int count) {
    ByteBuf frame = buffers.take();
    TokensFrame.writeHead(
        frame,
        session.id,
        session.epoch,
        price,
        alone,
        commonDrafts,
        queueMicros,
        ownComputeMicros,
        session.finishReason(),
        rows,
        session.committedLength() - count,
        count);
    return frame;
  }

  void error(ServerSession session, int round, ErrorCode code, String text) {
    session.connection.send(ErrorMessage.ofSession(session.id, round, code, text));
  }

  /** It waits for room, at this place; 0: there is room now. */
  void waiting(ServerSession session, int place, int estimateMillis) {
    session.connection.send(new Waiting(session.id, session.epoch, place, estimateMillis));
  }

  void busy(ServerSession session, int round, int retryMillis, String text) {
    session.connection.send(
        new ErrorMessage(session.id, round, ErrorCode.BUSY, false, retryMillis, text));
  }
}
