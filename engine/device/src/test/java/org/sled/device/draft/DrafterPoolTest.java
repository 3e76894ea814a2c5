package org.sled.device.draft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.sled.device.ScriptedDrafter;
import org.sled.device.ScriptedText;

/** What many generations at a time have left is freed, but for one. */
final class DrafterPoolTest {
  private final List<ScriptedDrafter> made = new ArrayList<>();

  private DrafterPool pool(Duration idle) {
    return new DrafterPool(
        () -> {
          ScriptedDrafter model = new ScriptedDrafter(1, 50, -1, 100);
          made.add(model);
          return new ModelBlockDrafter(model, ScriptedText.VOCABULARY, null);
        },
        idle);
  }

  private long open() {
    return made.stream().filter(model -> !model.closed).count();
  }

  private static void takeAndGiveBack(DrafterPool pool, int count) {
    List<BlockDrafter> taken = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      taken.add(pool.take());
    }
    taken.forEach(pool::giveBack);
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("sled-drafters"))
        .count();
  }

  @Test
  void idleOnesAreFreedButForOne() throws Exception {
    try (DrafterPool pool = pool(Duration.ofMillis(50))) {
      takeAndGiveBack(pool, 6);
      for (int i = 0; open() > 1 || threads() > 0; i++) {
        assertTrue(i < 2000, open() + " are still open");
        TimeUnit.MILLISECONDS.sleep(5);
      }
      BlockDrafter kept = pool.take();
      pool.giveBack(kept);
      assertSame(kept, pool.take());
      pool.giveBack(kept);
      assertEquals(6, made.size());
    }
    assertEquals(0, open());
  }

  @Test
  void thoseOfABatchAreUsedAgain() {
    try (DrafterPool pool = pool(Duration.ofHours(1))) {
      for (int i = 0; i < 5; i++) {
        takeAndGiveBack(pool, 4);
      }
      assertEquals(4, made.size());
      pool.trim();
      assertEquals(0, open());
    }
  }

  @Test
  void oneThatIsAtWorkIsFreedAfterwards() {
    DrafterPool pool = pool(Duration.ofHours(1));
    BlockDrafter atWork = pool.take();
    pool.close();
    assertFalse(made.get(0).closed);
    pool.giveBack(atWork);
    assertTrue(made.get(0).closed);
  }
}
