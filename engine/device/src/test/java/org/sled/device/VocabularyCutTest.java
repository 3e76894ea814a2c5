package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.device.link.ServerOrder;
import org.sled.device.link.SessionRouter;
import org.sled.device.link.Uplink;
import org.sled.device.link.Uplinks;
import org.sled.device.link.VocabularyDownload;
import org.sled.net.client.ClientTransport;
import org.sled.net.protocol.Hello;

/** The connection over which a vocabulary comes is lost, wherever: it is fetched all the same. */
@Timeout(180)
final class VocabularyCutTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Several parts. */
  private static final int BYTES = 5 * ScriptedServer.VOCABULARY_PART_BYTES - 3;

  private ScriptedServer server;
  private ClientTransport transport;

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
    server.vocabulary = new byte[BYTES];
    new Random(1).nextBytes(server.vocabulary);
    transport = new ClientTransport(1);
  }

  @AfterEach
  void stop() {
    transport.close();
    server.close();
  }

  private Uplink connect(InetSocketAddress address, Duration timeout)
      throws IOException, InterruptedException {
    SessionRouter router = new SessionRouter();
    return new Uplink(
        address,
        transport.connect(
            address.getHostString(),
            address.getPort(),
            Hello.withoutTokenizer("", "test"),
            timeout,
            router),
        router);
  }

  private byte[] fetch(int port) throws Exception {
    InetSocketAddress address = InetSocketAddress.createUnresolved("127.0.0.1", port);
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (Uplinks uplinks =
        new Uplinks(new ServerOrder(List.of(address), ""), this::connect, PATIENCE)) {
      uplinks.connectFirst(
          uplink -> {
            file.reset();
            VocabularyDownload download = new VocabularyDownload();
            uplink.router().download(download);
            try {
              download.run(uplink.connection(), file, PATIENCE);
            } catch (IOException e) {
              throw new IllegalStateException(e);
            }
          },
          PATIENCE);
    }
    return file.toByteArray();
  }

  /** Whether the connection was in fact cut. */
  private boolean survives(boolean up, int bytes) throws Exception {
    try (CuttingProxy proxy = new CuttingProxy(server.port(), up, bytes)) {
      assertArrayEquals(server.vocabulary, fetch(proxy.port()), (up ? "up " : "down ") + bytes);
      return proxy.connections.get() > 1;
    }
  }

  private int bytesOfAll(boolean up) throws Exception {
    int plenty = 1 << 20;
    try (CuttingProxy proxy = new CuttingProxy(server.port(), up, plenty)) {
      assertArrayEquals(server.vocabulary, fetch(proxy.port()));
      return plenty - proxy.left();
    }
  }

  /** Waiting for the next attempt is most of what each takes, so that many are under way. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aCutAtEveryByteCostsNothingButTime(boolean up) throws Exception {
    int all = bytesOfAll(up);
    assertTrue(up || all > BYTES, all + " bytes");
    ExecutorService threads = Executors.newFixedThreadPool(24);
    try {
      List<Future<Boolean>> cuts = new ArrayList<>();
      for (int i = 0; i < all; i++) {
        int bytes = i;
        cuts.add(threads.submit(() -> survives(up, bytes)));
      }
      int cut = 0;
      for (Future<Boolean> one : cuts) {
        cut += one.get(PATIENCE.toSeconds(), TimeUnit.SECONDS) ? 1 : 0;
      }
      assertEquals(all, cut);
    } finally {
      threads.shutdownNow();
    }
  }
}
