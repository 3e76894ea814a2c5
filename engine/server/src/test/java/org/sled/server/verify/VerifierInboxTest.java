package org.sled.server.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.net.client.ClientTransport;
import org.sled.net.limit.ByteBudget;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.HelloAnswer;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.Welcome;
import org.sled.net.server.Connection;
import org.sled.net.server.ConnectionListener;
import org.sled.net.server.ServerOptions;
import org.sled.net.server.ServerTransport;
import org.sled.server.TestDevice;
import org.sled.server.session.Command;
import org.sled.server.session.ServerSession;

@Timeout(60)
final class VerifierInboxTest {
  private static final int CAPACITY = 4;

  private final BlockingQueue<Connection> connections = new LinkedBlockingQueue<>();
  private final ByteBudget prompts = new ByteBudget(100);
  private final VerifierInbox inbox = new VerifierInbox(CAPACITY, prompts);
  private ServerTransport server;
  private ClientTransport clients;
  private TestDevice device;
  private ServerSession session;

  /** A listener that only says hello. */
  private final class Greeter implements ConnectionListener {
    @Override
    public HelloAnswer onHello(Connection connection, Hello hello) {
      connections.add(connection);
      return new Welcome(
          1,
          0,
          new Limits(8, 100, 200, 16, Limits.DEFAULT_FRAME_BYTES),
          10_000,
          0,
          8,
          1L,
          TokenizerFingerprint.NONE,
          "test",
          "test",
          "");
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
  }

  @BeforeEach
  void start() throws Exception {
    server = ServerTransport.start(ServerOptions.of("127.0.0.1", 0), new Greeter());
    clients = new ClientTransport(1);
    device = new TestDevice(clients, server.address());
    session = new ServerSession(connections.poll(20, TimeUnit.SECONDS), 1, 1, null);
  }

  @AfterEach
  void stop() {
    device.close();
    clients.close();
    server.close();
  }

  private Command.OpenSession open(int tokens) {
    TokenIds prompt = TokenIds.of(new int[tokens]);
    return new Command.OpenSession(
        session, Open.of(1, 1, 1, Sampling.GREEDY, prompt), prompt, System.nanoTime());
  }

  /** The end of a connection neither waits nor gets lost, and what frees something has room. */
  @Test
  void whatFreesSomethingFindsRoomInAFullInbox() {
    Command ask = new Command.PushTokens(session, new Push(1, 1, 1, 1), 0);
    Command free = new Command.CloseSession(session);
    for (int i = 0; i < CAPACITY; i++) {
      assertTrue(inbox.offer(ask));
    }
    assertFalse(inbox.offer(ask));
    assertTrue(inbox.offerFreeing(free));
    assertTrue(inbox.offerFreeing(free));
    for (int i = 0; i < 1_000; i++) {
      inbox.disconnected(session.connection);
    }
    List<Command> handled = new ArrayList<>();
    assertEquals(CAPACITY + 2, inbox.drain(handled::add));
    assertEquals(free, handled.get(CAPACITY + 1));
    assertEquals(1_000, inbox.drainGone(connection -> {}));
    assertEquals(0, inbox.drainGone(connection -> {}));
  }

  @Test
  void promptsAreBoundedInBytes() {
    assertTrue(inbox.offer(open(20)));
    assertFalse(inbox.offer(open(6)));
    assertTrue(inbox.offer(open(5)));
    assertEquals(2, inbox.drain(command -> {}));
    assertEquals(0, prompts.usedBytes());
    assertTrue(inbox.offer(open(25)));
  }

  /** The verifier gets to its steps, however much comes while it drains. */
  @Test
  void drainsOnlyWhatIsThere() {
    Command ask = new Command.PushTokens(session, new Push(1, 1, 1, 1), 0);
    assertTrue(inbox.offer(ask));
    int[] rounds = {0};
    int handled =
        inbox.drain(
            command -> {
              if (rounds[0]++ < 100) {
                assertTrue(inbox.offer(command));
              }
            });
    assertEquals(1, handled);
    inbox.abandon();
    assertFalse(inbox.offer(ask));
    assertFalse(inbox.offerFreeing(ask));
  }
}
