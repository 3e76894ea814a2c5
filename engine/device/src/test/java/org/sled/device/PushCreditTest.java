package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.sled.core.BlockAnswer;
import org.sled.core.FixedLength;
import org.sled.core.OptimalLength;

class PushCreditTest {
  private static final long MS = 1_000_000;

  private final OptimalLength policy = new OptimalLength(1);
  private final PushCredit credit = new PushCredit(policy);

  /** A link and a server that a block has shown. */
  private void learn(double linkMillis, double tokenMillis) {
    policy.load(tokenMillis / 1e3 / 10, tokenMillis / 1e3);
    long server = (long) (tokenMillis * MS);
    policy.answered(
        new BlockAnswer(0, 0, 0, false, (long) (linkMillis * MS), server, 0), new float[1], 0);
  }

  @Test
  void isFilledUpWhenHalfOfItIsUsed() {
    credit.begin();
    assertFalse(credit.isBegun());
    assertTrue(credit.isDue(16, 100));
    assertEquals(16, credit.fill(16, 100, 0));
    assertTrue(credit.isBegun());
    for (int i = 1; i <= 7; i++) {
      credit.came(1, i * 10L * MS);
      assertFalse(credit.isDue(16, 100 - i), i + " came");
    }
    credit.came(1, 80 * MS);
    assertTrue(credit.isDue(16, 92));
    assertEquals(8, credit.fill(16, 92, 80 * MS));
    assertEquals(16, credit.outstanding());
  }

  @Test
  void neverGivesMoreThanIsWanted() {
    credit.begin();
    assertEquals(5, credit.fill(64, 5, 0));
    credit.came(3, MS);
    assertFalse(credit.isDue(64, 2), "the rest is on its way");
    credit.came(2, 2 * MS);
    assertEquals(0, credit.outstanding());
  }

  @Test
  void theTimeBeforeTheFirstTokensSaysNothingOfThePace() {
    credit.begin();
    credit.fill(16, 100, 0);
    assertEquals(0, credit.came(1, 500 * MS));
    assertEquals(20 * MS, credit.came(2, 520 * MS));
    credit.begin();
    credit.fill(16, 100, 600 * MS);
    assertEquals(0, credit.came(1, 900 * MS), "of another push");
  }

  @Test
  void whatTheServerRefusedIsNotOutstanding() {
    credit.begin();
    credit.fill(16, 100, 0);
    credit.came(8, 100 * MS);
    assertEquals(8, credit.fill(16, 92, 100 * MS));
    credit.refused();
    assertEquals(8, credit.outstanding());
    assertEquals(8, credit.fill(16, 92, 200 * MS));
  }

  @Test
  void coversTheRoundTripOfLinkAndServer() {
    assertEquals(PushCredit.MOST, credit.shortCredit(false), "nothing is known");
    learn(100, 20);
    int ahead = (int) ((100 + 50) / 20.0) + 1;
    assertEquals(2 * (ahead + 3), credit.shortCredit(false), 2);
    PushCredit fixed = new PushCredit(new FixedLength(1));
    assertEquals(PushCredit.MOST, fixed.shortCredit(false), "a policy that does not reckon");
  }

  @Test
  void growsUntilTheServerDoesNotWaitForIt() {
    // A round trip of 100 ms, a token per 5 ms: 20 are on their way at a time.
    int first = credit.shortCredit(true);
    assertTrue(first <= 8, "little, as long as nothing was seen: " + first);
    for (int push = 0; push < 5; push++) {
      credit.begin();
      int full = credit.shortCredit(true);
      credit.fill(full, 1000, 0);
      long nowNanos = 100 * MS;
      for (int i = 0; i < full; i++) {
        credit.came(1, nowNanos);
        nowNanos += 5 * MS;
      }
    }
    int full = credit.shortCredit(true);
    assertTrue(full >= 40 && full <= 64, "twice a round trip: " + full);
  }
}
