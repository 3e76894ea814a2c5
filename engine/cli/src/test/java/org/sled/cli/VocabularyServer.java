package org.sled.cli;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.EndTokens;
import org.sled.net.protocol.FileDigest;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.HelloAnswer;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.VocabularyPart;
import org.sled.net.protocol.VocabularyRequest;
import org.sled.net.protocol.Welcome;
import org.sled.net.server.Connection;
import org.sled.net.server.ConnectionListener;
import org.sled.net.server.ServerOptions;
import org.sled.net.server.ServerTransport;

/** A server that has nothing but a vocabulary, in small parts, and does what a test asks for. */
final class VocabularyServer implements ConnectionListener, AutoCloseable {
  private static final int PART_BYTES = 8 * 1024;

  /** What it does from the second part on. */
  enum Mischief {
    NONE,
    /** A part without bytes. */
    NOTHING,
    SAME_PART,
    /** The whole has become longer. */
    GROWS,
    /** It goes on, by a byte. */
    CRAWLS,
    /** The whole is longer than allowed, from the first part on. */
    HUGE,
    HANGS_UP
  }

  final AtomicInteger requests = new AtomicInteger();
  volatile Mischief mischief = Mischief.NONE;

  /** The target's chat template, as WELCOME says. */
  volatile String template = "";

  /** As WELCOME says; null: that of the file. */
  volatile FileDigest digest;

  volatile EndTokens endTokens = EndTokens.UNKNOWN;

  private final TokenizerFingerprint fingerprint;
  private final ByteBuffer file; // null: none
  private final ServerTransport transport;

  VocabularyServer(TokenizerFingerprint fingerprint, ByteBuffer file) throws IOException {
    this.fingerprint = fingerprint;
    this.file = file;
    transport = ServerTransport.start(ServerOptions.of("127.0.0.1", 0), this);
  }

  int port() {
    return transport.address().getPort();
  }

  @Override
  public HelloAnswer onHello(Connection connection, Hello hello) {
    return new Welcome(
        1,
        file == null ? 0 : Welcome.VOCABULARY,
        new Limits(8, 100, 200, 16, Limits.DEFAULT_FRAME_BYTES),
        10_000,
        0,
        8,
        1,
        fingerprint,
        "scripted",
        "scripted",
        template,
        digest != null ? digest : file == null ? FileDigest.NONE : FileDigest.of(file),
        endTokens);
  }

  @Override
  public void onVocabulary(Connection connection, VocabularyRequest request) {
    requests.incrementAndGet();
    int total = mischief == Mischief.HUGE ? Limits.VOCABULARY_BYTES + 1 : file.remaining();
    int offset = request.offset();
    int count = Math.min(PART_BYTES, file.remaining() - offset);
    if (offset > 0) {
      switch (mischief) {
        case NOTHING -> count = 0;
        case SAME_PART -> offset = 0;
        case GROWS -> total++;
        case CRAWLS -> count = 1;
        case HANGS_UP -> {
          connection.close("as the test wants it");
          return;
        }
        case NONE, HUGE -> {}
      }
    }
    connection.send(new VocabularyPart(total, offset, file.slice(offset, count)));
  }

  @Override
  public void onOpen(Connection connection, Open open, long decodedNanos) {}

  @Override
  public void onDraft(Connection connection, ByteBuf draft, long decodedNanos) {
    draft.release();
  }

  @Override
  public void onPush(Connection connection, Push push, long decodedNanos) {}

  @Override
  public void onCancel(Connection connection, Cancel cancel) {}

  @Override
  public void onClose(Connection connection, Close close) {}

  @Override
  public void onDisconnected(Connection connection, String reason) {}

  @Override
  public void close() {
    transport.close();
  }
}
