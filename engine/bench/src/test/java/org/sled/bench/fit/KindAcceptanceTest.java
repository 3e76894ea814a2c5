package org.sled.bench.fit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sled.bench.trace.TraceStream;
import org.sled.net.protocol.Sampling;

/** Shares of right proposals, and the prompts that they are measured with. */
class KindAcceptanceTest {
  /** A text of which some first proposals are right. */
  private static TraceStream stream(boolean... right) {
    int[] tokens = new int[right.length];
    int[][] drafts = new int[right.length][];
    for (int i = 0; i < right.length; i++) {
      tokens[i] = 10 + i;
      drafts[i] = new int[] {right[i] ? tokens[i] : 1};
    }
    return new TraceStream(
        0,
        new int[] {1},
        right.length,
        false,
        Sampling.GREEDY,
        tokens,
        0,
        drafts,
        new float[right.length][1],
        new int[right.length],
        new int[right.length]);
  }

  @Test
  void theFirstTokenComesWithThePromptAndDoesNotCount() {
    KindAcceptance kind =
        KindAcceptance.of("code", List.of(stream(false, true, true, false, true)));
    assertEquals(1, kind.texts());
    assertEquals(4, kind.positions());
    assertEquals(0.75, kind.acceptance());
    // From the positions on: 2, 1, 0 and 1 right ones in succession.
    assertEquals(1 + 3 / 4.0, kind.tokensPerBlock().get(0));
    assertEquals(1 + 4 / 4.0, kind.tokensPerBlock().get(1));
    assertEquals(2, kind.tokensPerBlock().get(7));
  }

  @Test
  void withoutTextsThereIsNoShare() {
    KindAcceptance kind = KindAcceptance.of("code", List.of());
    assertNull(kind.acceptance());
    assertTrue(kind.tokensPerBlock().isEmpty());
  }

  @Test
  void thereAreEightKindsOfPrompts() {
    List<PromptKind> kinds = PromptKind.all();
    assertEquals(
        List.of(
            "code",
            "chat",
            "summary",
            "translation",
            "mathematics",
            "extraction",
            "story",
            "question"),
        kinds.stream().map(PromptKind::name).toList());
    Set<String> prompts = new HashSet<>();
    for (PromptKind kind : kinds) {
      assertTrue(kind.prompts().size() >= 3, kind.name());
      assertTrue(prompts.addAll(kind.prompts()), kind.name());
    }
    assertEquals(prompts.size(), kinds.stream().mapToInt(kind -> kind.prompts().size()).sum());
  }
}
