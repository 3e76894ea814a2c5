package org.sled.device.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PushCreditTest {
  private static final long MS = 1_000_000;

  private final PushCredit credit = new PushCredit();

  @BeforeEach
  void begin() {
    credit.begin();
  }

  @Test
  void isFilledUpWhenHalfOfItIsUsed() {
    assertTrue(credit.isDue(100));
    assertEquals(64, credit.fill(100));
    for (int i = 1; i <= 31; i++) {
      credit.came(1, i * 10L * MS);
      assertFalse(credit.isDue(100 - i), i + " came");
    }
    credit.came(1, 320 * MS);
    assertTrue(credit.isDue(68));
    assertEquals(32, credit.fill(68));
    assertEquals(64, credit.outstanding());
  }

  @Test
  void neverGivesMoreThanIsWanted() {
    assertEquals(5, credit.fill(5));
    credit.came(3, MS);
    assertFalse(credit.isDue(2), "the rest is on its way");
    credit.came(2, 2 * MS);
    assertEquals(0, credit.outstanding());
  }

  @Test
  void theTimeBeforeTheFirstTokensSaysNothingOfThePace() {
    credit.fill(100);
    assertEquals(-1, credit.came(1, 500 * MS));
    assertEquals(20 * MS, credit.came(2, 520 * MS));
    credit.begin();
    credit.fill(100);
    assertEquals(-1, credit.came(1, 900 * MS), "of another push");
  }

  @Test
  void whatTheServerRefusedIsNotOutstanding() {
    credit.fill(100);
    credit.came(40, 100 * MS);
    assertEquals(36, credit.fill(60));
    credit.refused();
    assertEquals(24, credit.outstanding());
    assertEquals(36, credit.fill(60));
  }

  @Test
  void isNotFilledUpOnceItIsAskedBack() {
    credit.fill(100);
    credit.came(40, 100 * MS);
    credit.askBack();
    assertFalse(credit.isDue(60));
    credit.came(2, 120 * MS); // were on their way
    assertFalse(credit.isTakenBack());
    credit.takenBack();
    assertTrue(credit.isTakenBack());
    assertEquals(0, credit.outstanding());
    credit.begin();
    assertTrue(credit.isDue(58));
    assertFalse(credit.isTakenBack());
  }
}
