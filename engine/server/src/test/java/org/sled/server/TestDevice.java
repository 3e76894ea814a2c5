package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.fail;

import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.sled.net.client.ClientConnection;
import org.sled.net.client.ClientListener;
import org.sled.net.client.ClientTransport;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.GoAway;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokensFrame;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;
import org.sled.net.protocol.VocabularyPart;
import org.sled.net.protocol.Waiting;

/** A client of the tests: says just what a test tells it to, and keeps what comes back. */
public final class TestDevice implements ClientListener, AutoCloseable {
  private static final int TIMEOUT_SECONDS = 20;

  /** A verdict, copied out of its frame. */
  public record Verdict(
      int round,
      int epoch,
      VerdictStatus status,
      FinishReason finish,
      int verified,
      int accepted,
      int nextToken,
      int committedLength) {}

  /** Pushed tokens, copied out of their frame. */
  record Tokens(int firstPosition, List<Integer> ids, FinishReason finish) {}

  record Gone(String reason) {}

  private final BlockingQueue<Object> received = new LinkedBlockingQueue<>();
  public final ClientConnection connection;

  public TestDevice(ClientTransport transport, InetSocketAddress server, Hello hello)
      throws Exception {
    connection =
        transport.connect(
            server.getHostString(), server.getPort(), hello, Duration.ofSeconds(10), this);
  }

  public TestDevice(ClientTransport transport, InetSocketAddress server) throws Exception {
    this(transport, server, Hello.withoutTokenizer("", "test"));
  }

  public void open(int session, List<Integer> prompt, int maxTokens) {
    int[] ids = prompt.stream().mapToInt(Integer::intValue).toArray();
    connection.open(Open.of(session, 1, maxTokens, Sampling.GREEDY, TokenIds.of(ids)));
  }

  public void draft(int session, int round, int epoch, int kvOffset, int predecessor, int... rows) {
    int drafts = rows.length - 1;
    ByteBuf frame = connection.allocator().directBuffer(DraftFrame.lengthBytes(drafts));
    DraftFrame.writeHead(frame, session, round, epoch, kvOffset, predecessor, 0, drafts, rows[0]);
    for (int i = 1; i < rows.length; i++) {
      frame.writeIntLE(rows[i]);
    }
    connection.send(frame);
  }

  public <T> T receive(Class<T> type) throws InterruptedException {
    Object next = received.poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    assertNotNull(next, "nothing came; waited for " + type.getSimpleName());
    if (!type.isInstance(next)) {
      fail("expected " + type.getSimpleName() + ", got " + next);
    }
    return type.cast(next);
  }

  boolean isSilentFor(long millis) throws InterruptedException {
    Object next = received.poll(millis, TimeUnit.MILLISECONDS);
    if (next != null) {
      fail("unexpected " + next);
    }
    return true;
  }

  @Override
  public void onVocabularyPart(VocabularyPart part) {
    received.add(part);
  }

  @Override
  public void onOpened(Opened opened, long receivedNanos) {
    received.add(opened);
  }

  @Override
  public void onVerdict(int session, ByteBuf verdict, long receivedNanos) {
    VerdictFrame frame = new VerdictFrame().wrap(verdict);
    received.add(
        new Verdict(
            frame.round(),
            frame.epoch(),
            frame.status(),
            frame.finishReason(),
            frame.verified(),
            frame.accepted(),
            frame.nextToken(),
            frame.committedLength()));
    verdict.release();
  }

  @Override
  public void onTokens(int session, ByteBuf tokens, long receivedNanos) {
    TokensFrame frame = new TokensFrame().wrap(tokens);
    List<Integer> ids = new ArrayList<>();
    for (int i = 0; i < frame.count(); i++) {
      ids.add(frame.token(i));
    }
    received.add(new Tokens(frame.firstPosition(), ids, frame.finishReason()));
    tokens.release();
  }

  @Override
  public void onWaiting(Waiting waiting) {
    received.add(waiting);
  }

  @Override
  public void onClosed(Closed closed) {
    received.add(closed);
  }

  @Override
  public void onError(ErrorMessage error) {
    received.add(error);
  }

  @Override
  public void onGoAway(GoAway goAway) {
    received.add(goAway);
  }

  @Override
  public void onDisconnected(String reason) {
    received.add(new Gone(reason));
  }

  @Override
  public void close() {
    connection.close();
  }
}
