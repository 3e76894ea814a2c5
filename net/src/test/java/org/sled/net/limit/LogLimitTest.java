package org.sled.net.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class LogLimitTest {
  @Test
  void writesSoManyInAPeriodAndCountsTheOthers() {
    LogLimit limit = new LogLimit(2, 1_000);
    long start = Long.MAX_VALUE - 500; // the clock may wrap
    assertEquals(0, limit.admit(start));
    assertEquals(0, limit.admit(start + 1));
    for (int i = 0; i < 100; i++) {
      assertEquals(LogLimit.LEFT_OUT, limit.admit(start + 2 + i));
    }
    assertEquals(100, limit.admit(start + 1_000));
    assertEquals(0, limit.admit(start + 1_001));
    assertEquals(LogLimit.LEFT_OUT, limit.admit(start + 1_999));
    assertEquals(1, limit.admit(start + 9_000));
  }

  @Test
  void saysHowManyWereLeftOut() {
    assertEquals("", LogLimit.more(0));
    assertEquals(" (7 more like this were not logged)", LogLimit.more(7));
  }
}
