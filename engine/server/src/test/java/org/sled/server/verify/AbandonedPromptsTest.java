package org.sled.server.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class AbandonedPromptsTest {
  private static final int PERIOD_MILLIS = (int) (AbandonedPrompts.PERIOD_NANOS / 1_000_000);

  private final AbandonedPrompts prompts = new AbandonedPrompts();
  private long now = Long.MAX_VALUE - AbandonedPrompts.PERIOD_NANOS; // the clock may wrap

  @Test
  void whoeverAbandonsSomeNowAndThenIsNotHeldUp() {
    for (int i = 0; i < 1_000; i++) {
      assertEquals(0, prompts.waitMillis("a", now));
      prompts.abandoned("a", now);
      now += AbandonedPrompts.PERIOD_NANOS;
    }
  }

  @Test
  void aFloodIsLeftWithOneInAPeriod() {
    int opened = 0;
    for (int second = 0; second < 400; second++) {
      for (int i = 0; i < 100; i++) {
        if (prompts.waitMillis("a", now) == 0) {
          prompts.abandoned("a", now);
          opened++;
        }
        assertEquals(0, prompts.waitMillis("b", now));
        now += 10_000_000;
      }
    }
    assertEquals(AbandonedPrompts.MOST + 400_000 / PERIOD_MILLIS, opened, 1);
    while (prompts.waitMillis("a", now) == 0) {
      prompts.abandoned("a", now);
    }
    int wait = prompts.waitMillis("a", now);
    assertTrue(wait > 0 && wait <= PERIOD_MILLIS, () -> wait + " ms");
    assertEquals(0, prompts.waitMillis("a", now + wait * 1_000_000L + 1_000_000));
    prompts.gone("a");
    assertEquals(0, prompts.waitMillis("a", now));
  }
}
