package org.sled.server.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.sled.core.schedule.SessionBook;

class ArrivalPredictorTest {
  private static final long MS = 1_000_000;

  private final SessionBook book = new SessionBook(4);
  private final ArrivalPredictor devices = new ArrivalPredictor(book, 4);
  private long nowNanos = 1_000 * MS;

  /** A text ends in a session, and the next begins in it so much later. */
  private void another(int session, Object device, long afterNanos) {
    devices.ended(session, device, nowNanos);
    nowNanos += afterNanos;
    devices.asked(session, device, nowNanos);
    book.opened(session);
  }

  @Test
  void whoAlwaysComesBackAtOnceIsWaitedFor() {
    for (int i = 0; i < 4; i++) {
      another(2, "a", 3 * MS);
      assertEquals(0, book.expectedCount());
    }
    devices.ended(2, "a", nowNanos);
    assertEquals(1, book.expectedCount());
    assertTrue(Math.abs(book.expectedNanos(2) - nowNanos - 3 * MS) <= MS);
    assertTrue(book.latestNanos(2) < nowNanos + 10 * MS);
    devices.asked(0, "a", nowNanos + 3 * MS); // under another number
    assertEquals(0, book.expectedCount());
    assertFalse(devices.isAwaited(2));
  }

  @Test
  void whoTakesTheirTimeIsNot() {
    for (int i = 0; i < 8; i++) {
      another(1, "a", 3 * MS);
      another(2, "b", 2 * ArrivalPredictor.LATEST_NANOS);
    }
    devices.ended(1, "a", nowNanos);
    devices.ended(2, "b", nowNanos);
    assertEquals(1, book.expectedCount());
    assertEquals(1, book.expectedSession(0));
  }

  @Test
  void whoseSessionIsGivenToOthersHasStayedAway() {
    for (int i = 0; i < 8; i++) {
      another(1, "a", 3 * MS);
    }
    for (int i = 0; i < 4; i++) {
      devices.ended(1, "a", nowNanos);
      devices.asked(1, "b", nowNanos + 50 * MS);
      book.opened(1);
      assertEquals(0, book.expectedCount());
    }
    devices.ended(1, "a", nowNanos);
    assertEquals(0, book.expectedCount(), "does not come back any more");
  }

  @Test
  void whoIsGoneIsForgotten() {
    for (int i = 0; i < 8; i++) {
      another(1, "a", 3 * MS);
    }
    devices.ended(1, "a", nowNanos);
    devices.gone("a");
    assertEquals(0, book.expectedCount());
    assertFalse(devices.isAwaited(1));
    devices.ended(1, "a", nowNanos);
    assertEquals(0, book.expectedCount(), "its habits, too");
  }
}
