package org.sled.device.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class BlockLengthTest {
  @Property
  void aFullyAcceptedBlockNeverReachesTooFar(
      @ForAll @IntRange(min = 1, max = 100) int draftTokens,
      @ForAll @IntRange(max = 50) int maxTokens,
      @ForAll @IntRange(min = 1, max = 40) int promptTokens,
      @ForAll @IntRange(min = 42, max = 100) int contextTokens,
      @ForAll @IntRange(max = 50) int emitted,
      @ForAll @IntRange(min = -3, max = 100) int room) {
    BlockLength lengths = new BlockLength(draftTokens, maxTokens, promptTokens, contextTokens, 62);
    int committed = Math.min(promptTokens + emitted, contextTokens);
    int drafts = lengths.next(committed, room);
    if (drafts > 0) {
      assertTrue(drafts <= draftTokens && drafts <= 62 && drafts <= room);
      assertTrue(committed + drafts + 1 <= contextTokens);
      assertTrue(maxTokens == 0 || committed + drafts + 1 <= promptTokens + maxTokens);
    }
  }

  @Test
  void theLastTokenIsNotWorthADraft() {
    BlockLength lengths = new BlockLength(4, 10, 3, 100, 62);
    assertEquals(4, lengths.next(4, 100));
    assertEquals(1, lengths.next(11, 100));
    assertEquals(0, lengths.next(12, 100));
    assertEquals(1, lengths.remainingTokens(12));
  }
}
