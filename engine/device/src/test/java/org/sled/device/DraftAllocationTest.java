package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.netty.util.ResourceLeakDetector;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.Drafter;
import org.sled.net.protocol.Sampling;

/** What a round costs the Java heap on the draft thread. */
final class DraftAllocationTest {
  /**
   * Waiting for a verdict takes a lock, which makes a queue node or two, and Netty's pool a buffer
   * object where the event loop has not given one back yet; nothing per token.
   */
  private static final long BUDGET_BYTES_PER_ROUND = 512;

  private static final int WARM_UP_ROUNDS = 600;
  private static final int ROUNDS = 400;

  /** Always drafts the same token, and allocates nothing. */
  private static final class ConstantDrafter implements Drafter {
    @Override
    public int contextTokens() {
      return 1 << 20;
    }

    @Override
    public int vocabularyRows() {
      return ScriptedText.VOCABULARY;
    }

    @Override
    public void sample(Sampling sampling) {}

    @Override
    public int decode(int position, long tokensAddress, int tokenCount) {
      return 3;
    }

    @Override
    public float probability() {
      return 1;
    }

    @Override
    public boolean endsText(int token) {
      return false;
    }

    @Override
    public void close() {}
  }

  @Test
  void roundsMakeNextToNoGarbage() throws Exception {
    // The detector keeps a record per touch of a buffer; that is not what is measured here.
    ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
    try {
      measure();
    } finally {
      ResourceLeakDetector.setLevel(level);
    }
  }

  private static void measure() throws Exception {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (ScriptedServer server = new ScriptedServer();
        SledClient client =
            SledClient.builder()
                .draftPolicy(DraftPolicy.FIXED)
                .server("127.0.0.1", server.port())
                .drafter(ScriptedServer.FINGERPRINT, c -> new ConstantDrafter())
                .connect();
        Generation generation =
            client.start(GenerationRequest.of(1, 2).withMaxTokens(0).withDraftTokens(4))) {
      long draftThread =
          Thread.getAllStackTraces().keySet().stream()
              .filter(thread -> thread.getName().equals("sled-draft-1"))
              .findAny()
              .orElseThrow()
              .getId();
      read(generation, WARM_UP_ROUNDS);
      int roundsBefore = generation.stats().rounds();
      long before = threads.getThreadAllocatedBytes(draftThread);
      read(generation, ROUNDS);
      long bytes = threads.getThreadAllocatedBytes(draftThread) - before;
      int rounds = generation.stats().rounds() - roundsBefore;
      assertTrue(
          bytes <= BUDGET_BYTES_PER_ROUND * rounds, bytes + " bytes in " + rounds + " rounds");
    }
  }

  private static void read(Generation generation, int tokens) throws InterruptedException {
    for (int i = 0; i < tokens; i++) {
      assertTrue(generation.next() >= 0);
    }
  }
}
