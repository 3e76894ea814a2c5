package org.sled.core.draft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class FixedLengthTest {
  private final FixedLength policy = new FixedLength(1);
  private final float[] probabilities = new float[4];

  @Test
  void staysFixedWhateverThingsCost() {
    policy.load(1, 1e-6, 0);
    for (int i = 0; i < 10; i++) {
      policy.answered(new BlockAnswer(4, 4, 0, 0, 1_000_000, 0), probabilities, 0);
      assertEquals(4, policy.next(probabilities, 0, 0, 4));
    }
  }

  @Test
  void pausesWhileNothingIsLookedAt() {
    policy.answered(new BlockAnswer(0, 0, 0, 0, 1_000_000, 0), probabilities, 0);
    assertEquals(4, policy.next(probabilities, 0, 0, 4));
    policy.answered(new BlockAnswer(0, 0, 0, 0, 1_000_000, 0), probabilities, 0);
    assertEquals(0, policy.next(probabilities, 0, 0, 4));
    policy.pushed(31, 0);
    assertEquals(0, policy.next(probabilities, 0, 0, 4));
    policy.pushed(1, 0);
    assertEquals(4, policy.next(probabilities, 0, 0, 4));
    // Again nothing: the next pause is longer.
    policy.answered(new BlockAnswer(0, 0, 0, 0, 1_000_000, 0), probabilities, 0);
    policy.pushed(63, 0);
    assertEquals(0, policy.next(probabilities, 0, 0, 4));
    policy.pushed(1, 0);
    assertEquals(4, policy.next(probabilities, 0, 0, 4));
    policy.answered(new BlockAnswer(2, 2, 1, 0, 1_000_000, 0), probabilities, 0);
    policy.answered(new BlockAnswer(0, 0, 0, 0, 1_000_000, 0), probabilities, 0);
    assertEquals(4, policy.next(probabilities, 0, 0, 4));
  }
}
