package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.sled.device.draft.BlockDrafter;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.stream.TokenHistory;
import org.sled.net.channel.EmulatedLink;
import org.sled.net.client.ClientTransport;

/** What measurements need: listeners, drafters of other kinds, slower links and slower devices. */
final class ListenerTest {
  private static final int[] PROMPT = {5, 6, 7, 8};
  private static final int TOKENS = 60;

  private ScriptedServer server;

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private SledClient.Builder builder() {
    return SledClient.builder()
        .draftPolicy(DraftPolicy.FIXED)
        .server("127.0.0.1", server.port())
        .drafter(
            ScriptedServer.FINGERPRINT, contextTokens -> new ScriptedDrafter(42, 70, -1, 4096));
  }

  private static GenerationRequest request(int draftTokens) {
    return GenerationRequest.of(PROMPT).withMaxTokens(TOKENS).withDraftTokens(draftTokens);
  }

  /** Notes everything. */
  private static final class Notes implements GenerationListener {
    final List<Integer> tokens = new ArrayList<>();
    final List<RoundTimes> rounds = new ArrayList<>();
    int bursts;

    @Override
    public void tokens(long nanos, int... ids) {
      bursts++;
      for (int id : ids) {
        tokens.add(id);
      }
    }

    @Override
    public void round(RoundTimes times) {
      rounds.add(times);
    }
  }

  private Notes listen(SledClient.Builder builder, GenerationRequest request) throws Exception {
    Notes notes = new Notes();
    try (SledClient client = builder.connect();
        Generation generation = client.start(request, notes)) {
      assertEquals(0, generation.remainingTokens().length, "the listener has them");
      assertEquals(GenerationEnd.LENGTH, generation.end());
      assertEquals(TOKENS, generation.stats().tokens());
      assertEquals(generation.stats().rounds(), notes.rounds.size());
    }
    assertEquals(ScriptedText.stream(PROMPT, TOKENS, server.endAt), notes.tokens);
    return notes;
  }

  @Test
  void aListenerGetsEveryTokenAndEveryRound() throws Exception {
    Notes notes = listen(builder(), request(4));
    int accepted = 0;
    for (RoundTimes round : notes.rounds) {
      assertTrue(round.draftStartNanos() <= round.sentNanos());
      assertTrue(round.sentNanos() <= round.verdictNanos());
      assertTrue(round.accepted() <= round.verified() && round.verified() <= round.drafted());
      accepted += round.accepted();
    }
    assertTrue(notes.bursts < TOKENS, "tokens of a round come together");
    assertEquals(TOKENS, notes.bursts + accepted);
  }

  @Test
  void aListenerThatThrowsFailsTheGeneration() throws Exception {
    try (SledClient client = builder().connect();
        Generation generation =
            client.start(
                request(4),
                (nanos, ids) -> {
                  throw new IllegalStateException("full");
                })) {
      SledClientException failure =
          assertThrows(SledClientException.class, generation::remainingTokens);
      assertTrue(failure.getMessage().contains("full"), failure.getMessage());
    }
  }

  /** Knows the text by heart, but for every fifth token. */
  private static final class ByHeart implements BlockDrafter {
    private final List<Integer> text;
    private int promptTokens;

    ByHeart(List<Integer> text) {
      this.text = text;
    }

    @Override
    public void begin(GenerationRequest request) {
      promptTokens = request.prompt().count();
    }

    @Override
    public boolean prefillChunk(TokenHistory history) {
      return false;
    }

    @Override
    public int room(int length) {
      return 1000;
    }

    @Override
    public boolean takesDueTokens(TokenHistory history) {
      return true;
    }

    @Override
    public float draftNext(TokenHistory history, int position) {
      int index = position - promptTokens;
      int token = index < text.size() && index % 5 != 0 ? text.get(index) : 1;
      history.put(position, token);
      return Float.NaN;
    }

    @Override
    public void keep(int length) {}

    @Override
    public void close() {}
  }

  @Test
  void draftsOfAnyKindGiveTheTargetsText() throws Exception {
    List<Integer> text = ScriptedText.stream(PROMPT, TOKENS, server.endAt);
    SledClient.Builder builder =
        SledClient.builder()
            .draftPolicy(DraftPolicy.FIXED)
            .server("127.0.0.1", server.port())
            .blockDrafters(ScriptedServer.FINGERPRINT, contextTokens -> new ByHeart(text));
    Notes notes = listen(builder, request(8));
    int accepted = notes.rounds.stream().mapToInt(RoundTimes::accepted).sum();
    assertTrue(accepted > TOKENS / 2, "accepted " + accepted);
  }

  @Test
  void anEmulatedLinkAddsItsRoundTripAndKeepsTheOrder() throws Exception {
    long rtt = TimeUnit.MILLISECONDS.toNanos(20);
    long jitter = TimeUnit.MILLISECONDS.toNanos(2);
    try (EmulatedLink link = new EmulatedLink(rtt, jitter, 10_000_000, 7);
        ClientTransport transport = new ClientTransport(1, link)) {
      Notes notes = listen(builder().transport(transport), request(8));
      for (RoundTimes round : notes.rounds) {
        assertTrue(round.verdictNanos() - round.sentNanos() >= rtt, "a round takes the trip");
      }
      listen(builder().transport(transport), request(0)); // a second client, without drafts
    }
  }

  @Test
  void aConnectionThatEndsIsNoticedOverAnEmulatedLink() throws Exception {
    try (EmulatedLink link = new EmulatedLink(TimeUnit.MILLISECONDS.toNanos(20), 0, 0, 7);
        ClientTransport transport = new ClientTransport(1, link);
        SledClient client = builder().transport(transport).connect()) {
      server.close();
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (!client.isClosed() && System.nanoTime() - end < 0) {
        TimeUnit.MILLISECONDS.sleep(5);
      }
      assertTrue(client.isClosed());
    }
  }

  @Test
  void aSlowDeviceTakesItsTime() throws Exception {
    Notes notes = listen(builder().draftTokensPerSecond(500), request(4));
    long nanos = 0;
    long drafted = 0;
    for (RoundTimes round : notes.rounds) {
      nanos += round.sentNanos() - round.draftStartNanos();
      drafted += round.drafted();
    }
    // 2 ms each; what a sleep takes too long is taken off the next.
    assertTrue(nanos >= drafted * 1_900_000, nanos + " ns for " + drafted);
  }
}
