package org.sled.net.server;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.sled.net.client.ClientListener;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.GoAway;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Redirect;
import org.sled.net.protocol.TokensFrame;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VocabularyPart;

/** A device that notes what it is told. */
final class RecordingClient implements ClientListener {
  final BlockingQueue<Object> events = new LinkedBlockingQueue<>();

  Object next() throws InterruptedException {
    Object event = events.poll(10, TimeUnit.SECONDS);
    assertNotNull(event, "nothing came within 10 s");
    return event;
  }

  @Override
  public void onOpened(Opened opened, long receivedNanos) {
    events.add(opened);
  }

  @Override
  public void onVerdict(int session, ByteBuf verdict, long receivedNanos) {
    VerdictFrame frame = new VerdictFrame().wrap(verdict);
    events.add("verdict " + session + " " + frame.round() + " length " + frame.committedLength());
    verdict.release();
  }

  @Override
  public void onTokens(int session, ByteBuf tokens, long receivedNanos) {
    TokensFrame frame = new TokensFrame().wrap(tokens);
    events.add("tokens " + session + " from " + frame.firstPosition() + " count " + frame.count());
    tokens.release();
  }

  @Override
  public void onVocabularyPart(VocabularyPart part) {
    events.add(part);
  }

  @Override
  public void onClosed(Closed closed) {
    events.add(closed);
  }

  @Override
  public void onError(ErrorMessage error) {
    events.add(error);
  }

  @Override
  public void onGoAway(GoAway goAway) {
    events.add(goAway);
  }

  @Override
  public void onRedirect(Redirect redirect) {
    events.add(redirect);
  }

  @Override
  public void onDisconnected(String reason) {
    events.add("disconnected: " + reason);
  }
}
