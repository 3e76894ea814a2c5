package org.sled.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.bench.load.BenchRequest;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/** With the peers themselves, where {@code ./sled build peers} made them. */
@Timeout(300)
class RealPeersTest {
  private static final Duration TIMEOUT = Duration.ofMinutes(2);
  private static final Path MODELS = Path.of(System.getProperty("sled.home"), "models");
  private static final Path TARGET = MODELS.resolve("demo-target.gguf");
  private static final Path DRAFT = MODELS.resolve("demo-draft.gguf");
  private static final int TOKENS = 64;

  private static Path require(PeerStatus peer) {
    assumeTrue(peer.isReady(), peer.whySkipped());
    return peer.require();
  }

  private static List<Integer> generate(LlamaServer.Options options) throws InterruptedException {
    List<Integer> tokens = new ArrayList<>();
    BenchRequest request =
        new BenchRequest(0, 0, TokenIds.of(1, 20, 30, 40), TOKENS, true, Sampling.GREEDY);
    try (LlamaServer server =
            LlamaServer.start(require(PeerFiles.find().llamaServer()), options, TIMEOUT);
        HttpTransport transport = new HttpTransport(1);
        LlamaServerDevice device = new LlamaServerDevice(transport, server.address(), null)) {
      device.run(
          request,
          (nanos, ids) -> {
            for (int id : ids) {
              tokens.add(id);
            }
          });
      assertEquals(options.draft() != null, device.draftTokens() > 0, "drafts");
      assertTrue(server.process().residentBytes().orElseThrow() > 1 << 20);
    }
    return tokens;
  }

  @Test
  void speculationLeavesTheTextOfLlamaServerAsItIs() throws Exception {
    LlamaServer.Options plain = LlamaServer.Options.of(TARGET, 1, 4, 256);
    List<Integer> tokens = generate(plain);
    assertEquals(TOKENS, tokens.size());
    assertEquals(tokens, generate(plain.withDraft(DRAFT, 4)));
  }

  @Test
  void llamaServerWithoutModelSaysWhy() {
    Path program = require(PeerFiles.find().llamaServer());
    LlamaServer.Options options = LlamaServer.Options.of(Path.of("/no/model.gguf"), 1, 1, 64);
    PeerException failure =
        assertThrows(PeerException.class, () -> LlamaServer.start(program, options, TIMEOUT));
    assertTrue(failure.getMessage().contains("/no/model.gguf"), failure.getMessage());
  }

  @Test
  void batchedBenchMeasuresEveryShape() throws Exception {
    Path program = require(PeerFiles.find().batchedBench());
    BatchedBench.Shapes shapes = new BatchedBench.Shapes(List.of(16), List.of(8), List.of(1, 4));
    List<BatchedBench.Result> results = BatchedBench.run(program, TARGET, 1, shapes, TIMEOUT);
    assertEquals(List.of(1, 4), results.stream().map(BatchedBench.Result::sequences).toList());
    assertTrue(results.get(0).stepSeconds() > 0);
  }

  @Test
  void javaLlamaGeneratesText() throws Exception {
    Path jar = require(PeerFiles.find().javaLlama());
    JavaLlama.Options options = new JavaLlama.Options(TARGET, "Once upon a time", 16, 1, 256);
    JavaLlama.Result result = JavaLlama.run(jar, options, TIMEOUT);
    assertFalse(result.text().isBlank());
    assertTrue(result.tokensPerSecond() > 0);
  }
}
