package org.sled.net.server;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.sled.net.codec.FrameEncoder;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.HelloAnswer;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.TokensFrame;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;
import org.sled.net.protocol.VocabularyRequest;
import org.sled.net.protocol.Welcome;

/** A daemon that accepts every draft, pushes zeros, and notes what it is told. */
final class RecordingListener implements ConnectionListener {
  final BlockingQueue<Connection> connections = new LinkedBlockingQueue<>();
  final BlockingQueue<Open> opens = new LinkedBlockingQueue<>();
  final BlockingQueue<Resume> resumes = new LinkedBlockingQueue<>();
  final BlockingQueue<String> disconnects = new LinkedBlockingQueue<>();
  final AtomicInteger drops = new AtomicInteger();
  volatile ByteBuf vocabulary; // null: none
  private final int pingIntervalMillis;

  RecordingListener(int pingIntervalMillis) {
    this.pingIntervalMillis = pingIntervalMillis;
  }

  static Welcome welcome(int pingIntervalMillis) {
    return new Welcome(
        1,
        0,
        new Limits(8, 10_000, 20_000, 16, 4096),
        pingIntervalMillis,
        0,
        64,
        1L,
        TokenizerFingerprint.NONE,
        "test",
        "scripted",
        "");
  }

  @Override
  public HelloAnswer onHello(Connection connection, Hello hello) {
    if (hello.authToken().equals("wrong")) {
      return ErrorMessage.fatal(ErrorCode.AUTH, "the token is wrong");
    }
    connections.add(connection);
    return welcome(pingIntervalMillis);
  }

  @Override
  public void onOpen(Connection connection, Open open, long decodedNanos) {
    opens.add(open);
    if (open.session() == 666) {
      throw new IllegalStateException("as the test wants it");
    }
    if (!open.hasMorePrompt()) {
      connection.sendStamped(
          new Opened(
              open.session(),
              open.epoch(),
              0f,
              0f,
              0,
              0,
              0,
              0,
              2,
              7,
              FinishReason.NONE,
              StreamSecret.NONE),
          decodedNanos);
    }
  }

  @Override
  public void onResume(Connection connection, Resume resume, long decodedNanos) {
    resumes.add(resume);
  }

  @Override
  public void onVocabulary(Connection connection, VocabularyRequest request) {
    if (vocabulary == null) {
      ConnectionListener.super.onVocabulary(connection, request);
      return;
    }
    int count = Math.min(request.mostBytes(), vocabulary.readableBytes() - request.offset());
    connection.send(
        FrameEncoder.encodeVocabularyPart(
            connection.allocator(), vocabulary, request.offset(), count));
  }

  @Override
  public void onDraft(Connection connection, ByteBuf frame, long decodedNanos) {
    DraftFrame draft = new DraftFrame().wrap(frame);
    ByteBuf out = connection.allocator().directBuffer(VerdictFrame.BYTES);
    VerdictFrame.write(
        out,
        draft.session(),
        draft.round(),
        draft.epoch(),
        0.25f,
        0.5f,
        0,
        0,
        0,
        VerdictStatus.VERIFIED,
        FinishReason.NONE,
        draft.draftCount() + 1,
        draft.draftCount(),
        draft.draftCount(),
        1,
        draft.kvOffset() + draft.draftCount() + 2);
    frame.release();
    connection.sendStamped(out, decodedNanos);
  }

  @Override
  public void onPush(Connection connection, Push push, long decodedNanos) {
    ByteBuf out = connection.allocator().directBuffer(TokensFrame.lengthBytes(1));
    TokensFrame.writeHead(
        out,
        push.session(),
        push.epoch(),
        0f,
        0f,
        0,
        0,
        0,
        FinishReason.NONE,
        1,
        push.kvOffset() + 1,
        1);
    out.writeIntLE(0);
    connection.sendStamped(out, decodedNanos);
  }

  @Override
  public void onCancel(Connection connection, Cancel cancel) {
    connection.send(
        ErrorMessage.ofSession(cancel.session(), 0, ErrorCode.UNKNOWN_SESSION, "not open"));
  }

  @Override
  public void onClose(Connection connection, Close close) {
    connection.send(new Closed(close.session(), close.epoch(), 9));
  }

  @Override
  public void onDropped(Drop why) {
    drops.incrementAndGet();
  }

  @Override
  public void onDisconnected(Connection connection, String reason) {
    disconnects.add(reason);
  }
}
