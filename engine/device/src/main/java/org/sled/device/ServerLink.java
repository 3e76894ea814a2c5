package org.sled.device;

import io.netty.buffer.ByteBuf;
import java.time.Duration;
import org.sled.net.client.ClientConnection;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Push;

/** One session's frames to and from the server. Belongs to the draft thread. */
final class ServerLink {
  /** A stream that is opened once and never resumed stays in its first epoch. */
  static final int EPOCH = 1;

  /** Frame lengths, for counting bytes. */
  private static final int OPENED_BYTES = 48;

  private static final int PUSH_BYTES = 28;
  private static final int CLOSE_BYTES = 20;

  private final ClientConnection connection;
  private final SessionInbox inbox;
  private final GenerationMeter meter;
  private final Duration answerTimeout;
  private final int session;

  ServerLink(
      ClientConnection connection,
      SessionInbox inbox,
      GenerationMeter meter,
      Duration answerTimeout) {
    this.connection = connection;
    this.inbox = inbox;
    this.meter = meter;
    this.answerTimeout = answerTimeout;
    this.session = inbox.session();
  }

  void open(GenerationRequest request) {
    int flags = request.ignoreEnd() ? Open.IGNORE_EOG : 0;
    int promptTokens = request.prompt().count();
    meter.bytesUp(Open.frameBytes(request.sampling(), promptTokens));
    sent(
        connection.open(
            new Open(
                session,
                EPOCH,
                request.maxTokens(),
                flags,
                request.sampling(),
                0,
                promptTokens,
                request.prompt())));
  }

  /**
   * Sends a block. Allocates no Java object.
   *
   * @param predecessor round that it builds on; 0 if it starts at the newest committed token
   * @param kvOffset where its parent stands, with its drafts behind it
   */
  void block(int round, int predecessor, TokenHistory history, int kvOffset, int draftCount) {
    int bytes = DraftFrame.lengthBytes(draftCount);
    ByteBuf frame = connection.allocator().directBuffer(bytes);
    DraftFrame.writeHead(
        frame, session, round, EPOCH, kvOffset, predecessor, 0, draftCount, history.get(kvOffset));
    history.copyTo(frame, kvOffset + 1, draftCount);
    meter.bytesUp(bytes);
    sent(connection.send(frame));
  }

  void push(int committedLength, int credit) {
    meter.bytesUp(PUSH_BYTES);
    sent(connection.send(new Push(session, EPOCH, committedLength - 1, credit)));
  }

  void cancel() {
    sent(connection.send(new Cancel(session, EPOCH)));
  }

  /** Frees the session at the server; nothing is waited for. */
  void close() {
    meter.bytesUp(CLOSE_BYTES);
    connection.send(new Close(session, EPOCH));
  }

  private void sent(boolean accepted) {
    if (!accepted) {
      inbox.lost(connection.closeReason());
    }
  }

  boolean hasNews() {
    return inbox.hasNews();
  }

  /**
   * Waits for what the server says next; the caller releases a buffer.
   *
   * @param what is waited for, for the text of the exception
   * @throws ConnectionLostException if the connection ended
   * @throws ServerFaultException if nothing came in time
   */
  Object next(String what) throws InterruptedException, CancelledException {
    Object event = inbox.take(answerTimeout.toNanos());
    if (event == null) {
      throw new ServerFaultException(
          "no "
              + what
              + " within "
              + answerTimeout.toSeconds()
              + " s; the server is overloaded or stuck: look at its load, or wait longer");
    }
    meter.bytesDown(event instanceof ByteBuf frame ? frame.readableBytes() : OPENED_BYTES);
    return event;
  }

  void pause(long nanos) throws InterruptedException {
    inbox.pause(nanos);
  }

  static boolean isVerdict(ByteBuf frame) {
    return FrameHeader.typeNumber(frame) == FrameType.VERDICT.number();
  }

  /** Ends the connection, since what the server says cannot be relied on any more. */
  ServerFaultException contradiction(String what) {
    String text = "the server contradicts itself: " + what;
    connection.send(ErrorMessage.fatal(ErrorCode.MALFORMED, text));
    connection.close();
    return new ServerFaultException(
        text + "; the connection was closed. Do both sides run the same version of SLED?");
  }
}
