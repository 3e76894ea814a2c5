package org.sled.bench.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Estimates between and beyond what was measured. */
class RowLineTest {
  @Test
  void betweenMeasurementsItIsALineAndBeyondTheLastOneItGoesOn() {
    RowLine line = new RowLine();
    assertTrue(line.isEmpty());
    line.add(2, 20);
    line.add(4, 24);
    line.add(8, 40);
    assertEquals(20, line.millis(1));
    assertEquals(20, line.millis(2));
    assertEquals(22, line.millis(3));
    assertEquals(32, line.millis(6));
    // Along the line from 4 to 8 rows.
    assertEquals(72, line.millis(16));
  }

  @Test
  void ofTwoStepsWithAsManyRowsTheShorterCounts() {
    RowLine line = new RowLine();
    line.add(4, 30);
    line.add(4, 24);
    line.add(4, 25);
    assertEquals(24, line.millis(4));
  }

  @Test
  void moreRowsAreNeverEstimatedToCostLess() {
    RowLine line = new RowLine();
    line.add(1, 20);
    assertEquals(20, line.millis(2));
    assertTrue(line.millis(64) > 20);
    line.add(2, 19);
    assertEquals(20, line.millis(64));
  }
}
