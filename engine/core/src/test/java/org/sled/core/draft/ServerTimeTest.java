package org.sled.core.draft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ServerTimeTest {
  private static final long MS = 1_000_000;

  private final ServerTime server = new ServerTime();

  @Test
  void aServerThatSaysNothingTakesWhatItTookBefore() {
    assertFalse(server.isKnown());
    server.block(4, 30 * MS, true);
    assertEquals(30.0 * MS, server.nanos(4), 1);
    assertEquals(30.0 * MS, server.nanos(1), 1);
    server.says(0.001, 0); // it does not know
    server.says(Double.NaN, 0.01);
    server.says(-1, 0.01);
    assertFalse(server.isKnown());
  }

  @Test
  void roundsTakeWhatTheServerSaysUntilOneWasSeen() {
    server.says(0.001, 0.010);
    assertEquals(10.0 * MS, server.nanos(0), 1);
    assertEquals(14.0 * MS, server.nanos(4), 1);
    assertEquals(1 / (10.0 * MS), server.aloneRate(), 1e-12);
  }

  @Test
  void aSlowServerIsSlowWithBlocksOfEveryLength() {
    server.says(0.001, 0.010);
    for (int i = 0; i < 50; i++) {
      server.block(i % 5, (long) (1.5 * (10 + i % 5) * MS), false);
    }
    assertEquals(1.5 * 12 * MS, server.nanos(2), 0.02 * 18 * MS);
    assertEquals(1.5 * 18 * MS, server.nanos(8), 0.02 * 27 * MS, "not seen");
  }

  @Test
  void aLengthThatNeedsAnotherTileIsKnownForIt() {
    server.says(0.002, 0.010);
    // Up to three drafts are as good as free, four are not: no line says that.
    long[] took = {10, 11, 12, 13, 20, 22};
    for (int i = 0; i < 200; i++) {
      int drafts = 1 + i % 5;
      server.block(drafts, took[drafts] * MS, true);
    }
    for (int drafts = 1; drafts <= 5; drafts++) {
      assertEquals((double) took[drafts] * MS, server.nanos(drafts), 0.06 * took[drafts] * MS);
    }
  }

  @Test
  void whatWasSeenOfALengthFades() {
    server.says(0.002, 0.010);
    for (int i = 0; i < 10; i++) {
      server.block(6, 44 * MS, true);
      server.block(3, 16 * MS, true);
    }
    double dear = server.nanos(6) / server.nanos(3);
    for (int i = 0; i < 300; i++) {
      server.block(3, 16 * MS, true);
    }
    double later = server.nanos(6) / server.nanos(3);
    assertTrue(dear > 2, dear + " times as long as it took");
    assertEquals(22.0 / 16, later, 0.2, "what the server says");
  }

  @Test
  void othersBlocksTeachNothingOfALength() {
    server.says(0.002, 0.010);
    for (int i = 0; i < 100; i++) {
      server.block(4, 36 * MS, false);
    }
    assertEquals(2.0, server.nanos(4) / (18.0 * MS), 0.01);
    assertEquals(2.0, server.nanos(1) / (12.0 * MS), 0.01);
  }

  @Test
  void theServerAloneIsBelievedFromTheFirstTimeItWasSeen() {
    server.says(0.001, 0.010);
    for (int i = 0; i < 20; i++) {
      server.block(4, 28 * MS, false);
    }
    assertEquals(1 / (20.0 * MS), server.aloneRate(), 0.1 / (20.0 * MS), "as slow as with blocks");
    server.alone(11.0 * MS);
    assertEquals(1 / (11.0 * MS), server.aloneRate(), 1e-10);
    server.alone(13.0 * MS);
    assertEquals(1 / (12.0 * MS), server.aloneRate(), 1e-10, "the mean of the first ones");
  }

  @Test
  void aPriceAboveATokenOfTheServerAloneDeters() {
    server.says(0.009, 0.010);
    assertFalse(server.gatesDrafts());
    server.says(0.030, 0.010);
    assertTrue(server.gatesDrafts());
  }

  /** Else a device that tries a block now and then learns that the server exaggerates. */
  @Test
  void suchAPriceIsNotTakenForATime() {
    for (int i = 0; i < 20; i++) {
      server.says(0.001, 0.010);
      server.block(4, 14 * MS, false);
    }
    for (int i = 0; i < 20; i++) {
      server.says(0.020, 0.010);
      server.block(4, 14 * MS, false);
    }
    for (int i = 0; i < 20; i++) {
      server.says(0.001, 0.010);
    }
    assertEquals(14.0 * MS, server.nanos(4), 0.1 * MS);
  }
}
