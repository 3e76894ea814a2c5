package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.net.codec.FrameEncoder;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.Message;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/**
 * Clients that vanish in the middle of a round leave no session behind: those whose process is
 * killed at once, those whose process is stopped after three silent ping intervals. Played by plain
 * sockets, which are reset as a killed process's are, or neither read nor write from then on.
 */
@Timeout(120)
final class VanishingClientsTest {
  private static final int CLIENTS = 50;
  private static final int CONTEXT = 200;
  private static final int PING_MILLIS = 300;
  private static final int[] PROMPT = {5, 6, 7, 8};

  /** Beyond what the protocol says, for a machine that is busy with other things. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);

  private final ScriptedTarget target = new ScriptedTarget(2 * CLIENTS, CLIENTS, CONTEXT);

  private Daemon start(int pingMillis) throws IOException {
    return ScriptedDaemon.start(target, config -> config.pingIntervalMillis(pingMillis));
  }

  /** Connects, opens a session, sends a block and goes no further. */
  private static Socket inARound(InetSocketAddress server) throws IOException {
    Socket socket = new Socket(server.getAddress(), server.getPort());
    socket.setSoTimeout((int) TimeUnit.NANOSECONDS.toMillis(PATIENCE_NANOS));
    write(socket, Hello.withoutTokenizer("", "vanishes"));
    await(socket, FrameType.WELCOME);
    write(socket, Open.of(1, 1, 0, Sampling.GREEDY, TokenIds.of(PROMPT)));
    await(socket, FrameType.OPENED);
    return socket;
  }

  private static void sendBlock(Socket socket) throws IOException {
    int first = ScriptedTarget.next(List.of(5, 6, 7, 8));
    ByteBuf draft = ByteBufAllocator.DEFAULT.directBuffer(DraftFrame.lengthBytes(1));
    DraftFrame.writeHead(draft, 1, 1, 1, PROMPT.length, 0, 0, 1, first);
    draft.writeIntLE(3);
    write(socket, draft);
  }

  private static void write(Socket socket, Message message) throws IOException {
    write(socket, FrameEncoder.encode(ByteBufAllocator.DEFAULT, message));
  }

  private static void write(Socket socket, ByteBuf frame) throws IOException {
    byte[] bytes = new byte[frame.readableBytes()];
    frame.readBytes(bytes).release();
    socket.getOutputStream().write(bytes);
  }

  private static void await(Socket socket, FrameType type) throws IOException {
    DataInputStream in = new DataInputStream(socket.getInputStream());
    int number;
    do {
      int length = Integer.reverseBytes(in.readInt());
      byte[] rest = new byte[length - Protocol.TOKEN_BYTES];
      in.readFully(rest);
      number = rest[0];
    } while (number != type.number());
  }

  private static List<Socket> connect(Daemon daemon) throws IOException {
    List<Socket> sockets = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      sockets.add(inARound(daemon.address()));
    }
    assertEquals(CLIENTS, daemon.stats().sessionsOpened());
    return sockets;
  }

  private static void awaitNoSession(Daemon daemon, long endNanos) throws InterruptedException {
    while (daemon.stats().sessionsInUse() > 0 && System.nanoTime() - endNanos < 0) {
      Thread.sleep(5);
    }
    assertEquals(0, daemon.stats().sessionsInUse());
  }

  @Test
  void whoseProcessIsKilledIsForgottenAtOnce() throws Exception {
    // No ping will tell: only that the connection breaks.
    try (Daemon daemon = start((int) TimeUnit.HOURS.toMillis(1))) {
      List<Socket> sockets = connect(daemon);
      CountDownLatch gate = new CountDownLatch(1);
      target.blocksOn = gate; // so that all are in a round
      for (Socket socket : sockets) {
        sendBlock(socket);
      }
      for (Socket socket : sockets) {
        socket.setSoLinger(true, 0);
        socket.close();
      }
      target.blocksOn = null;
      gate.countDown();
      awaitNoSession(daemon, System.nanoTime() + PATIENCE_NANOS);
    }
  }

  @Test
  void whoseProcessIsStoppedIsForgottenAfterThreeSilentIntervals() throws Exception {
    try (Daemon daemon = start(PING_MILLIS)) {
      List<Socket> sockets = connect(daemon);
      long silentSince = System.nanoTime();
      for (Socket socket : sockets) {
        sendBlock(socket); // its answer, and the pings, stay in the socket's buffer
      }
      long intervals = Protocol.SILENT_INTERVALS * TimeUnit.MILLISECONDS.toNanos(PING_MILLIS);
      awaitNoSession(daemon, silentSince + intervals + PATIENCE_NANOS);
      assertTrue(
          System.nanoTime() - silentSince > intervals * 2 / 3, "nobody is given up too early");
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }
}
