package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.device.draft.BlockDrafter;
import org.sled.device.stream.TokenHistory;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenizerFingerprint;

/** A client, or a generation, that does not start leaves nothing behind. */
@Timeout(60)
final class FailedConnectTest {
  private static final GenerationRequest REQUEST = GenerationRequest.of(5, 6, 7).withMaxTokens(10);

  private ScriptedServer server;
  private Set<String> threadsBefore;

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
    threadsBefore = threads();
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    await("left behind: " + threads(), () -> threadsBefore.containsAll(threads()));
    await("a connection is open", () -> server.connections() == 0);
    server.close();
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; !condition.getAsBoolean(); i++) {
      assertTrue(i < 2000, what);
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  /** Those of the library; the server's own come and go with its connections. */
  private static Set<String> threads() {
    Set<String> names = new TreeSet<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("sled-") && !thread.getName().startsWith("sled-server")) {
        names.add(thread.getName() + " " + thread.getId());
      }
    }
    return names;
  }

  private SledClient.Builder builder() {
    return SledClient.builder()
        .server("127.0.0.1", server.port())
        .drafter(ScriptedServer.FINGERPRINT, c -> new ScriptedDrafter(1, 70, -1, c));
  }

  @Test
  void nobodyListens() throws Exception {
    int port = server.port();
    server.close();
    for (Outage outage : Outage.values()) {
      assertThrows(
          UnreachableException.class,
          () -> builder().server("127.0.0.1", port).outage(outage).connect());
    }
  }

  @Test
  void theServerRefuses() {
    TokenizerFingerprint other = new TokenizerFingerprint(900, 1, 9, 3, 4);
    assertThrows(
        TokenizerMismatchException.class,
        () -> builder().drafter(other, c -> new ScriptedDrafter(1, 70, -1, c)).connect());
  }

  @Test
  void theClientRefuses() {
    assertThrows(RefusedException.class, () -> builder().exactDrafts(true).connect());
  }

  @Test
  void thereIsNoVocabulary() {
    assertThrows(
        RefusedException.class,
        () ->
            SledClient.builder()
                .server("127.0.0.1", server.port())
                .promptLookup()
                .vocabularyCache(null)
                .connect());
  }

  @Test
  void valuesAreMissing() {
    assertThrows(NullPointerException.class, () -> builder().drafting(null).connect());
  }

  @Test
  void itIsInterrupted() {
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> builder().connect());
  }

  /** A drafter that cannot be made, or cannot draft for this; with an error of any kind. */
  @Test
  void aGenerationDoesNotStart() throws Exception {
    List<Throwable> failures =
        List.of(new SledException(SledStatus.MEMORY, "scripted"), new OutOfMemoryError("scripted"));
    for (Throwable failure : failures) {
      List<ScriptedDrafter> made = new ArrayList<>();
      try (SledClient client =
          builder()
              .blockDrafters(
                  ScriptedServer.FINGERPRINT,
                  c -> {
                    ScriptedDrafter model = new ScriptedDrafter(1, 70, -1, c);
                    made.add(model);
                    return new Failing(model, failure);
                  })
              .connect()) {
        for (int i = 0; i < 3; i++) {
          Throwable thrown = assertThrows(Throwable.class, () -> client.start(REQUEST));
          assertEquals(failure, thrown);
        }
        try (Generation generation = client.start(REQUEST.withDraftTokens(0))) {
          assertEquals(10, generation.remainingTokens().length, "the client is of use");
        }
        assertEquals(1, made.size(), "the same one each time");
      }
      assertTrue(made.get(0).closed);
    }
  }

  /** Cannot begin. */
  private static final class Failing implements BlockDrafter {
    private final ScriptedDrafter model;
    private final Throwable failure;

    Failing(ScriptedDrafter model, Throwable failure) {
      this.model = model;
      this.failure = failure;
    }

    @Override
    public void begin(GenerationRequest request) {
      model.sample(Sampling.GREEDY);
      if (failure instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) failure;
    }

    @Override
    public boolean prefillChunk(TokenHistory history) {
      return false;
    }

    @Override
    public int room(int length) {
      return 0;
    }

    @Override
    public boolean takesDueTokens(TokenHistory history) {
      return true;
    }

    @Override
    public float draftNext(TokenHistory history, int position) {
      return NONE;
    }

    @Override
    public void keep(int length) {}

    @Override
    public void close() {
      model.close();
    }
  }
}
