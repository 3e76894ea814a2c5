package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.link.ServerOrder;
import org.sled.net.client.ClientTransport;

/** The first connection is lost, wherever: the stream is the target's all the same. */
@Timeout(180)
final class HandshakeCutTest {
  private static final int[] PROMPT = {5, 6, 7, 8};
  private static final int TOKENS = 24;

  /** HELLO and WELCOME, OPEN and OPENED, and the first rounds. */
  private static final int UP_BYTES = 360;

  private static final int DOWN_BYTES = 400;

  private ScriptedServer server;
  private ClientTransport transport;

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
    transport = new ClientTransport(1);
  }

  @AfterEach
  void stop() {
    transport.close();
    server.close();
  }

  private SledClient.Builder builder(int port) {
    return SledClient.builder()
        .draftPolicy(DraftPolicy.FIXED)
        .transport(transport)
        .server("127.0.0.1", port)
        .drafter(ScriptedServer.FINGERPRINT, c -> new ScriptedDrafter(1, 60, -1, c));
  }

  /** Whether the connection was in fact cut. */
  private boolean survives(boolean up, int bytes) throws Exception {
    try (CuttingProxy proxy = new CuttingProxy(server.port(), up, bytes);
        SledClient client = builder(proxy.port()).outageTimeout(Duration.ofSeconds(60)).connect();
        Generation generation =
            client.start(GenerationRequest.of(PROMPT).withMaxTokens(TOKENS).withDraftTokens(3))) {
      assertEquals(
          ScriptedText.stream(PROMPT, TOKENS, -1),
          IntStream.of(generation.remainingTokens()).boxed().toList(),
          (up ? "up " : "down ") + bytes);
      return proxy.connections.get() > 1;
    }
  }

  /** Waiting for the next attempt is most of what each takes, so that many are under way. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aCutAtEveryByteCostsNothingButTime(boolean up) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(24);
    try {
      List<Future<Boolean>> cuts = new ArrayList<>();
      for (int i = 0; i < (up ? UP_BYTES : DOWN_BYTES); i++) {
        int bytes = i;
        cuts.add(threads.submit(() -> survives(up, bytes)));
      }
      int cut = 0;
      for (Future<Boolean> one : cuts) {
        cut += one.get(120, TimeUnit.SECONDS) ? 1 : 0;
      }
      assertEquals(cuts.size(), cut, "all bytes are of the stream's");
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void whoDoesNotWaitIsToldAtOnce() throws Exception {
    try (CuttingProxy proxy = new CuttingProxy(server.port(), false, 10)) {
      UnreachableException e =
          assertThrows(
              UnreachableException.class,
              () -> builder(proxy.port()).outage(Outage.FAIL).connect());
      assertTrue(e.getMessage().contains("before WELCOME; check the port"), e::getMessage);
      assertEquals(1, proxy.connections.get());
    }
  }

  private static ServerSocket hangingUp(AtomicInteger connections) throws IOException {
    ServerSocket listening = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
    CuttingProxy.run(
        () -> {
          try {
            while (true) {
              listening.accept().close();
              connections.incrementAndGet();
            }
          } catch (IOException e) {
            // Closed.
          }
        });
    return listening;
  }

  @Test
  void aServerThatAlwaysHangsUpIsGivenUp() throws Exception {
    AtomicInteger connections = new AtomicInteger();
    try (ServerSocket listening = hangingUp(connections)) {
      SledClient.Builder builder =
          builder(listening.getLocalPort()).outageTimeout(Duration.ofMillis(600));
      UnreachableException e = assertThrows(UnreachableException.class, builder::connect);
      assertTrue(e.getMessage().contains("check the port"), e::getMessage);
      assertTrue(connections.get() > 1, "it is tried again");
    }
  }

  /** With the usual patience of minutes: another kind of server is named after some seconds. */
  @Test
  @Timeout(60)
  void whatNeverSaysWelcomeIsNotWaitedFor() throws Exception {
    AtomicInteger connections = new AtomicInteger();
    try (ServerSocket listening = hangingUp(connections)) {
      SledClient.Builder builder = builder(listening.getLocalPort());
      UnreachableException e = assertThrows(UnreachableException.class, builder::connect);
      assertTrue(e.getMessage().contains("is this a SLED server"), e::getMessage);
      assertEquals(6, connections.get());
    }
  }

  /** With the usual patience of minutes: a wrong address is said at once. */
  @ParameterizedTest
  @EnumSource(Outage.class)
  void whereNobodyIsNobodyIsWaitedFor(Outage outage) throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    assertThrows(UnreachableException.class, () -> builder(port).outage(outage).connect());
  }

  @Test
  void aPeerOfAnotherProtocolIsNotAskedAgain() throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 16, InetAddress.getLoopbackAddress())) {
      CuttingProxy.run(
          () -> {
            try (Socket socket = listening.accept()) {
              socket
                  .getOutputStream()
                  .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
              socket.getInputStream().readAllBytes();
            } catch (IOException e) {
              // It has hung up.
            }
          });
      ServerFaultException e =
          assertThrows(
              ServerFaultException.class, () -> builder(listening.getLocalPort()).connect());
      assertTrue(e.getMessage().contains("does not speak the SLED protocol"), e::getMessage);
    }
  }

  @Test
  void anotherServerOfTheListIsTriedFirst() throws Exception {
    try (CuttingProxy proxy = new CuttingProxy(server.port(), true, 5)) {
      InetSocketAddress cutting = InetSocketAddress.createUnresolved("127.0.0.1", proxy.port());
      InetSocketAddress good = InetSocketAddress.createUnresolved("127.0.0.1", server.port());
      List<InetSocketAddress> servers = List.of(cutting, good);
      String key = "0";
      while (!new ServerOrder(servers, key).now().get(0).equals(cutting)) {
        key += "0";
      }
      try (SledClient client = builder(1).servers(servers).serverKey(key).connect()) {
        assertEquals("127.0.0.1:" + server.port(), client.server().address());
        assertEquals(1, proxy.connections.get());
      }
    }
  }
}
