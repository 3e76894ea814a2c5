package org.sled.core.draft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class BlockAnswerTest {
  @Test
  void rowsBehindTheFirstWrongDraftWereComputedToo() {
    assertEquals(6, answer(6, 1, 0, false, 7).computed());
  }

  @Test
  void whatWasCutOffWasNotComputed() {
    assertEquals(2, answer(6, 2, 2, true, 3).computed());
    assertEquals(2, answer(6, 2, 2, true, 7).computed(), "whatever others sent");
    assertEquals(3, answer(6, 1, 0, false, 4).computed(), "the step has no more rows");
    assertEquals(0, answer(6, 0, 0, true, 1).computed());
  }

  private static BlockAnswer answer(
      int sent, int verified, int accepted, boolean wasCut, int stepRows) {
    return BlockAnswer.of(sent, verified, accepted, wasCut, stepRows, 0, 0, 0);
  }
}
