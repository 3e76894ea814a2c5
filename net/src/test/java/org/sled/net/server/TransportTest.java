package org.sled.net.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.net.client.ClientConnection;
import org.sled.net.client.ClientTransport;
import org.sled.net.client.HandshakeRefusedException;
import org.sled.net.client.ProtocolException;
import org.sled.net.client.ServerUnreachableException;
import org.sled.net.codec.FrameEncoder;
import org.sled.net.codec.FrameReader;
import org.sled.net.limit.SlowestPeer;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.GoAway;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.Message;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Ping;
import org.sled.net.protocol.Pong;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Redirect;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.protocol.TokenBias;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.VocabularyPart;
import org.sled.net.protocol.VocabularyRequest;
import org.sled.net.protocol.Welcome;

/** Server and client over real sockets, with short intervals. */
@Timeout(60)
final class TransportTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Hello HELLO = Hello.withoutTokenizer("", "test");

  private final RecordingListener daemon = new RecordingListener(200);
  private final RecordingClient device = new RecordingClient();
  private final ClientTransport clients = new ClientTransport(1);
  private ServerTransport server;

  @BeforeEach
  void start() throws IOException {
    server =
        ServerTransport.start(
            new ServerOptions(
                "127.0.0.1",
                0,
                1,
                2,
                300,
                1024 * 1024,
                64 * 1024,
                1024 * 1024,
                SlowestPeer.DEFAULT),
            daemon);
  }

  @AfterEach
  void stop() {
    clients.close();
    server.close();
  }

  private ClientConnection connect() throws IOException, InterruptedException {
    return clients.connect("127.0.0.1", server.address().getPort(), HELLO, TIMEOUT, device);
  }

  private Socket rawSocket() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.address().getPort());
    socket.setSoTimeout(10_000);
    return socket;
  }

  private static void write(Socket socket, Message message) throws IOException {
    ByteBuf frame = Unpooled.buffer();
    FrameEncoder.write(message, frame);
    frame.readBytes(socket.getOutputStream(), frame.readableBytes());
  }

  /** The next message, or null at the end of the stream. */
  private static Message read(Socket socket) throws Exception {
    InputStream in = socket.getInputStream();
    byte[] length = in.readNBytes(4);
    if (length.length == 0) {
      return null;
    }
    int rest = Unpooled.wrappedBuffer(length).readIntLE() - 4;
    ByteBuf frame = Unpooled.wrappedBuffer(length, in.readNBytes(rest));
    if (frame.readableBytes() != rest + 4) {
      throw new EOFException();
    }
    return FrameReader.read(FrameType.byNumber(FrameHeader.typeNumber(frame)), frame);
  }

  private static ErrorCode readErrorAndEnd(Socket socket) throws Exception {
    ErrorMessage error = assertInstanceOf(ErrorMessage.class, read(socket));
    assertTrue(error.fatal());
    assertEquals(null, read(socket), "closed after the error");
    return error.code();
  }

  @Test
  void aSessionFromOpenToClose() throws Exception {
    ClientConnection connection = connect();
    assertEquals(RecordingListener.welcome(200), connection.welcome());
    assertTrue(connection.open(Open.of(3, 1, 9, Sampling.GREEDY, TokenIds.of(5))));
    Opened opened = assertInstanceOf(Opened.class, device.next());
    assertEquals(7, opened.firstToken());
    for (int round = 1; round <= 20; round++) {
      ByteBuf draft = connection.allocator().directBuffer(DraftFrame.lengthBytes(2));
      DraftFrame.writeHead(draft, 3, round, 1, 1, 0, 0, 2, 7);
      connection.send(draft.writeIntLE(8).writeIntLE(9));
      assertEquals("verdict 3 " + round + " length 5", device.next());
    }
    connection.send(new Push(3, 1, 4, 1));
    assertEquals("tokens 3 from 5 count 1", device.next());
    connection.send(new Cancel(3, 1));
    assertEquals(
        ErrorMessage.ofSession(3, 0, ErrorCode.UNKNOWN_SESSION, "not open"), device.next());
    connection.send(new Close(3, 1));
    assertEquals(new Closed(3, 1, 9), device.next());
    ChannelConnection serverSide = (ChannelConnection) daemon.connections.take();
    assertEquals(connection.bytesOut(), serverSide.bytesIn());
    assertEquals(connection.bytesIn(), serverSide.bytesOut());
    connection.close();
    connection.close();
    assertEquals("disconnected: closed by this client", device.next());
    assertNotNull(daemon.disconnects.poll(10, TimeUnit.SECONDS));
  }

  @Test
  void longPromptsTravelInChunks() throws Exception {
    int[] prompt = new int[5000];
    prompt[4999] = 42;
    try (ClientConnection connection = connect()) {
      connection.open(Open.of(3, 1, 9, Sampling.GREEDY, TokenIds.of(prompt)));
      assertInstanceOf(Opened.class, device.next());
      int received = 0;
      int last = 0;
      while (received < 5000) {
        Open chunk = daemon.opens.take();
        assertEquals(5000, chunk.promptTokensTotal());
        received += chunk.prompt().count();
        last = chunk.prompt().id(chunk.prompt().count() - 1);
        assertEquals(received < 5000, chunk.hasMorePrompt());
      }
      assertEquals(5000, received);
      assertEquals(42, last);
      assertTrue(daemon.opens.isEmpty());
    }
  }

  @Test
  void aVocabularyComesInTheRangesThatAreAskedFor() throws Exception {
    byte[] bytes = new byte[10_001];
    new Random(3).nextBytes(bytes);
    daemon.vocabulary = Unpooled.directBuffer(bytes.length).writeBytes(bytes);
    try (ClientConnection connection = connect()) {
      for (int[] range : new int[][] {{0, 1}, {0, 4000}, {3999, 3}, {9000, 4000}, {10_000, 1}}) {
        connection.send(new VocabularyRequest(range[0], range[1]));
        int end = Math.min(range[0] + range[1], bytes.length);
        assertEquals(
            new VocabularyPart(
                bytes.length, range[0], ByteBuffer.wrap(bytes, range[0], end - range[0])),
            device.next());
      }
    }
    assertNotNull(daemon.disconnects.poll(10, TimeUnit.SECONDS));
    assertEquals(1, daemon.vocabulary.refCnt());
    daemon.vocabulary.release();
  }

  @Test
  void aServerWithoutVocabularySaysSoAndGoesOn() throws Exception {
    try (ClientConnection connection = connect()) {
      connection.send(new VocabularyRequest(0, 4000));
      ErrorMessage error = assertInstanceOf(ErrorMessage.class, device.next());
      assertEquals(ErrorCode.UNSUPPORTED, error.code());
      assertEquals(0, error.session());
      connection.open(Open.of(3, 1, 9, Sampling.GREEDY, TokenIds.of(5)));
      assertInstanceOf(Opened.class, device.next());
    }
  }

  @Test
  void aVocabularyIsNotForWhoHasNotSaidHello() throws Exception {
    daemon.vocabulary = Unpooled.directBuffer(8).writeLong(7);
    try (Socket socket = rawSocket()) {
      write(socket, new VocabularyRequest(0, 8));
      assertEquals(ErrorCode.MAGIC, readErrorAndEnd(socket));
    }
    try (Socket socket = rawSocket()) {
      write(socket, Hello.withoutTokenizer("wrong", "test"));
      write(socket, new VocabularyRequest(0, 8));
      assertEquals(ErrorCode.AUTH, readErrorAndEnd(socket));
    }
    daemon.vocabulary.release();
  }

  @Test
  void resumedStreamsTravelWithoutTokensOrInChunks() throws Exception {
    int[] committed = IntStream.range(0, 5000).toArray();
    Sampling sampling = Sampling.GREEDY.withLogitBias(biases(100));
    Resume all = Resume.of(Open.of(3, 2, 9, sampling, TokenIds.of(committed)));
    try (ClientConnection connection = connect()) {
      assertTrue(connection.resume(all.withoutTokens(new StreamSecret(1, 2))));
      Resume bare = daemon.resumes.take();
      assertEquals(all.withoutTokens(new StreamSecret(1, 2)), bare);
      assertTrue(bare.isWithoutTokens());

      assertTrue(connection.resume(all));
      int received = 0;
      while (received < 5000) {
        Resume chunk = daemon.resumes.take();
        assertEquals(received, chunk.first());
        assertEquals(all.digest(), chunk.digest());
        TokenIds ids = chunk.open().prompt();
        assertEquals(all.open().prompt().slice(received, received + ids.count()), ids);
        received += ids.count();
        assertEquals(all.open().part(0, 0, received < 5000), chunk.open().part(0, 0, false));
      }
      assertTrue(daemon.resumes.isEmpty());
      Sampling biased = Sampling.GREEDY.withLogitBias(biases(600));
      Resume tooLarge = Resume.of(Open.of(3, 2, 9, biased, TokenIds.of(1)));
      assertThrows(IllegalArgumentException.class, () -> connection.resume(tooLarge));
    }
  }

  @Test
  void everyChunkCarriesTheLogitBiasAndLeavesRoomForIt() throws Exception {
    int perFrame = Open.promptTokensPerFrame(Sampling.GREEDY, 4096);
    Sampling sampling = Sampling.GREEDY.withLogitBias(biases(400));
    try (ClientConnection connection = connect()) {
      connection.open(Open.of(3, 1, 9, sampling, TokenIds.of(new int[perFrame])));
      assertInstanceOf(Opened.class, device.next());
      int received = 0;
      while (received < perFrame) {
        Open chunk = daemon.opens.take();
        assertEquals(sampling, chunk.sampling());
        assertTrue(chunk.prompt().count() <= perFrame - 2 * 400);
        received += chunk.prompt().count();
      }
      assertEquals(perFrame, received);
      Open tooLong = Open.of(4, 1, 9, sampling.withLogitBias(biases(600)), TokenIds.of(5));
      assertThrows(IllegalArgumentException.class, () -> connection.open(tooLong));
    }
  }

  private static List<TokenBias> biases(int count) {
    return IntStream.range(0, count).mapToObj(i -> new TokenBias(i, 1f)).toList();
  }

  @Test
  void pingsKeepAQuietConnectionAlive() throws Exception {
    try (ClientConnection connection = connect()) {
      Thread.sleep(1_200);
      assertTrue(!connection.isClosed() && daemon.disconnects.isEmpty());
      assertTrue(
          connection.roundTripNanos() >= 0
              || ((ChannelConnection) daemon.connections.take()).roundTripNanos() >= 0);
    }
  }

  @Test
  void aPeerThatIsGoneIsNoticed() throws Exception {
    try (Socket socket = rawSocket()) {
      write(socket, HELLO);
      assertInstanceOf(Welcome.class, read(socket));
      // Reads the pings and answers none of them, as a half-open connection would.
      assertInstanceOf(Ping.class, read(socket));
      assertInstanceOf(Ping.class, read(socket));
      assertEquals(ErrorCode.IDLE_TIMEOUT, readErrorAndEnd(socket));
    }
    String reason = daemon.disconnects.poll(10, TimeUnit.SECONDS);
    assertTrue(reason.startsWith("IDLE_TIMEOUT"), reason);
  }

  @Test
  void aClientThatSaysNothingIsDropped() throws Exception {
    try (Socket socket = rawSocket()) {
      assertEquals(ErrorCode.IDLE_TIMEOUT, readErrorAndEnd(socket));
    }
    assertTrue(daemon.disconnects.isEmpty(), "the daemon never heard of it");
  }

  @Test
  void theServerAnswersPings() throws Exception {
    try (Socket socket = rawSocket()) {
      write(socket, HELLO);
      assertInstanceOf(Welcome.class, read(socket));
      write(socket, new Ping(77, 88));
      assertEquals(new Pong(77, 88), read(socket));
    }
  }

  @Test
  void aNewerClientIsToldWhatTheServerSpeaks() throws Exception {
    try (Socket socket = rawSocket()) {
      write(socket, new Hello(2, 3, 0, TokenizerFingerprint.NONE, "", "newer"));
      ErrorMessage error = assertInstanceOf(ErrorMessage.class, read(socket));
      assertEquals(ErrorCode.VERSION, error.code());
      assertEquals("this server speaks protocol 1 to 1, the client 2 to 3", error.text());
    }
    try (Socket socket = rawSocket()) {
      write(socket, new Hello(1, 3, 0, TokenizerFingerprint.NONE, "", "newer"));
      assertEquals(1, assertInstanceOf(Welcome.class, read(socket)).version());
    }
  }

  @Test
  void malformedInputClosesOnlyItsConnection() throws Exception {
    try (ClientConnection healthy = connect();
        Socket socket = rawSocket()) {
      write(socket, HELLO);
      assertInstanceOf(Welcome.class, read(socket));
      // More than fits into one read, so that bytes are still on their way when the server closes.
      socket.getOutputStream().write(new byte[100_000]);
      assertEquals(ErrorCode.MALFORMED, readErrorAndEnd(socket));
      healthy.send(new Close(3, 1));
      assertEquals(new Closed(3, 1, 9), device.next());
    }
  }

  @Test
  void aFailingListenerClosesOnlyItsConnection() throws Exception {
    try (ClientConnection connection = connect()) {
      connection.open(Open.of(666, 1, 9, Sampling.GREEDY, TokenIds.of(5)));
      ErrorMessage error = assertInstanceOf(ErrorMessage.class, device.next());
      assertEquals(ErrorCode.INTERNAL, error.code());
      assertEquals("disconnected: INTERNAL: internal error", device.next());
    }
    connect().close();
  }

  @Test
  void connectionsAreLimited() throws Exception {
    try (ClientConnection first = connect();
        ClientConnection second = connect()) {
      assertTrue(!first.isClosed() && !second.isClosed());
      HandshakeRefusedException refused =
          assertThrows(HandshakeRefusedException.class, this::connect);
      assertEquals(ErrorCode.BUSY, refused.code());
      assertTrue(refused.retryAfterMillis() > 0);
    }
  }

  /** More than are accepted at once, refusals included: each has its answer in the end. */
  @Test
  void everybodyBeyondTheLimitIsTold() throws Exception {
    try (ClientConnection first = connect();
        ClientConnection second = connect()) {
      Socket[] others = new Socket[60];
      for (int i = 0; i < others.length; i++) {
        others[i] = rawSocket();
      }
      for (Socket other : others) {
        assertEquals(ErrorCode.BUSY, readErrorAndEnd(other));
        other.close();
      }
      assertEquals(others.length, daemon.drops.get());
      assertTrue(!first.isClosed() && !second.isClosed());
    }
  }

  /** A flood of cheap frames is read at the server's pace, and nothing of it is lost. */
  @Test
  void aFloodOfPingsIsHeldUpAndAnswered() throws Exception {
    int pings = 6_000;
    try (Socket socket = rawSocket()) {
      write(socket, HELLO);
      assertInstanceOf(Welcome.class, read(socket));
      ByteBuf flood = Unpooled.buffer();
      for (int i = 0; i < pings; i++) {
        FrameEncoder.write(new Ping(i, 0), flood);
      }
      long start = System.nanoTime();
      Thread writer =
          new Thread(
              () -> {
                try {
                  flood.readBytes(socket.getOutputStream(), flood.readableBytes());
                } catch (IOException e) {
                  // The reader says what is missing.
                }
              });
      writer.start();
      for (int i = 0; i < pings; ) {
        Message next = read(socket);
        assertNotNull(next, "closed");
        if (next instanceof Pong pong) { // the server pings as well
          assertEquals(i++, pong.nonce());
        }
      }
      writer.join();
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      assertTrue(millis >= 1_500, () -> "after " + millis + " ms: 2000 at once, 2000 a second");
    }
  }

  @Test
  void drainTellsClientsAndWaits() throws Exception {
    ClientConnection connection = connect();
    Thread leaver =
        new Thread(
            () -> {
              try {
                device.next();
                connection.close();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    leaver.start();
    assertTrue(server.drain(TIMEOUT, "update", null));
    leaver.join();
    assertEquals(0, server.connectionCount());
    assertThrows(ServerUnreachableException.class, this::connect);
  }

  @Test
  void drainEndsWithItsGrace() throws Exception {
    try (ClientConnection connection = connect()) {
      assertTrue(!server.drain(Duration.ofMillis(100), "update", new Redirect("edge2", 7411)));
      assertEquals(new GoAway(ErrorCode.SHUTTING_DOWN, 100, "update"), device.next());
      assertEquals(new Redirect("edge2", 7411), device.next());
      server.close();
      assertTrue(((String) device.next()).startsWith("disconnected"));
      assertTrue(connection.isClosed());
    }
  }

  @Test
  void failuresToConnectSayWhatToCheck() throws Exception {
    HandshakeRefusedException refused =
        assertThrows(
            HandshakeRefusedException.class,
            () ->
                clients.connect(
                    "127.0.0.1",
                    server.address().getPort(),
                    Hello.withoutTokenizer("wrong", "test"),
                    TIMEOUT,
                    device));
    assertEquals(ErrorCode.AUTH, refused.code());

    int freePort;
    try (ServerSocket socket = new ServerSocket(0)) {
      freePort = socket.getLocalPort();
    }
    ServerUnreachableException unreachable =
        assertThrows(
            ServerUnreachableException.class,
            () -> clients.connect("127.0.0.1", freePort, HELLO, TIMEOUT, device));
    assertTrue(unreachable.getMessage().contains("check that the server runs"));

    unreachable =
        assertThrows(
            ServerUnreachableException.class,
            () -> clients.connect("no-such-host.invalid", 1, HELLO, TIMEOUT, device));
    assertTrue(unreachable.getMessage().contains("check its spelling"));
  }

  @Test
  void otherServersAreRecognised() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ServerUnreachableException silent =
          assertThrows(
              ServerUnreachableException.class,
              () ->
                  clients.connect(
                      "127.0.0.1", other.getLocalPort(), HELLO, Duration.ofMillis(200), device));
      assertTrue(silent.getMessage().contains("no WELCOME"));
      other.accept().close();
      Thread answering =
          new Thread(
              () -> {
                try (Socket socket = other.accept()) {
                  socket
                      .getOutputStream()
                      .write(
                          "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                  socket.getInputStream().readAllBytes();
                } catch (IOException e) {
                  // The client closes: that is what is tested.
                }
              });
      answering.start();
      ProtocolException wrong =
          assertThrows(
              ProtocolException.class,
              () -> clients.connect("127.0.0.1", other.getLocalPort(), HELLO, TIMEOUT, device));
      assertTrue(wrong.getMessage().contains("check the port"), wrong.getMessage());
      answering.join();
    }
  }

  @Test
  void anAddressInUseIsSaid() {
    IOException error =
        assertThrows(
            IOException.class,
            () ->
                ServerTransport.start(
                    ServerOptions.of("127.0.0.1", server.address().getPort()), daemon));
    assertTrue(error.getMessage().contains("cannot listen on 127.0.0.1:"));
  }
}
