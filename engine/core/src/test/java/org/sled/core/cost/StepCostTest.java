package org.sled.core.cost;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StepCostTest {
  private static final double PASS = 60e6;
  private static final double ROW = 11e6;

  private final StepCost cost = new StepCost();

  private static double truth(int passes, int rows) {
    return passes * PASS + rows * ROW;
  }

  @Test
  void nothingIsKnownAtFirst() {
    assertFalse(cost.isKnown());
  }

  @Test
  void predictsAfterAWhile() {
    Random random = new Random(1);
    double[] errors = new double[1000];
    for (int i = 0; i < 3000; i++) {
      int passes = 1 + random.nextInt(2);
      int rows = passes * (1 + random.nextInt(80));
      double actual = truth(passes, rows) * (1 + 0.03 * random.nextGaussian());
      if (i >= 2000) {
        double expected = cost.stepNanos(passes * cost.passNanos(rows / passes), rows, 128);
        errors[i - 2000] = Math.abs(expected - actual) / actual;
      }
      cost.observe(passes, rows, 128, actual);
    }
    Arrays.sort(errors);
    assertTrue(errors[500] < 0.05, "median error " + errors[500]);
    assertTrue(errors[950] < 0.15, "p95 error " + errors[950]);
  }

  @Test
  void moreRowsNeverCostLess() {
    Random random = new Random(2);
    for (int i = 0; i < 500; i++) {
      int rows = 1 + random.nextInt(512);
      cost.observe(1, rows, random.nextInt(1000), truth(1, rows) * (0.5 + random.nextDouble()));
      for (int r = 2; r <= 600; r++) {
        assertTrue(cost.passNanos(r) >= cost.passNanos(r - 1) * 0.999999, "at " + r + " rows");
      }
    }
  }

  @Test
  void followsAMachineThatBecomesSlower() {
    for (int i = 0; i < 300; i++) {
      cost.observe(1, 5, 128, truth(1, 5));
      cost.observe(1, 20, 128, truth(1, 20));
    }
    for (int i = 0; i < 100; i++) {
      cost.observe(1, 5, 128, 2 * truth(1, 5));
    }
    assertEquals(2 * truth(1, 5), cost.passNanos(5), 0.1 * truth(1, 5));
    assertTrue(cost.passNanos(20) > 1.3 * truth(1, 20), "the rest of the table follows");
  }

  /** Prompts' rows have no results, so that what few rows take says little about them. */
  @Test
  void aPromptOfMoreRowsThanWereMeasuredIsNotChargedToSmallSteps() {
    for (int rows : new int[] {1, 2, 4, 8, 16, 32}) {
      cost.calibrate(rows, truth(1, rows));
    }
    cost.observe(1, 150, 128, 0.5 * truth(1, 150));
    assertEquals(truth(1, 1), cost.passNanos(1), 0.1 * truth(1, 1));
    assertEquals(0.5 * truth(1, 150), cost.passNanos(150), 0.15 * truth(1, 150));
    cost.observe(1, 4, 128, 0.5 * truth(1, 4));
    assertTrue(cost.passNanos(1) < 0.7 * truth(1, 1), "where it was measured, it is the machine");
  }

  /** Else it would be believed for as long as nobody tries so many rows again. */
  @Test
  void aSlowSpellIsNotChargedToTheRowsThatWereInUse() {
    for (int i = 0; i < 300; i++) {
      for (int rows : new int[] {8, 16, 24, 32}) {
        cost.observe(1, rows, 128, truth(1, rows));
      }
    }
    for (int i = 0; i < 10; i++) {
      cost.observe(1, 24 + i % 2 * 8, 128, 2.2 * truth(1, 24 + i % 2 * 8));
    }
    for (int i = 0; i < 30; i++) {
      cost.observe(1, 16, 128, truth(1, 16));
    }
    for (int rows : new int[] {8, 24, 32}) {
      assertEquals(truth(1, rows), cost.passNanos(rows), 0.12 * truth(1, rows), rows + " rows");
    }
  }

  @Test
  void learnsWhatLongContextsCost() {
    Random random = new Random(3);
    for (int i = 0; i < 20_000; i++) {
      int context = 100 + random.nextInt(2000);
      cost.observe(1, 16, context, truth(1, 16) + 16 * context * 5e3);
    }
    double pass = cost.passNanos(16);
    double difference = cost.stepNanos(pass, 16, 2000) - cost.stepNanos(pass, 16, 200);
    assertEquals(16 * 1800 * 5e3, difference, 0.3 * 16 * 1800 * 5e3);
  }

  /**
   * A server with chunks of long prompts beside short steps, on a machine that is now and then
   * twice as slow: nothing runs away.
   */
  @Test
  void staysRightForEverything() {
    Random random = new Random(5);
    double pace = 1;
    for (int i = 0; i < 200_000; i++) {
      pace = i % 500 == 0 ? 0.8 + 1.2 * random.nextDouble() : pace;
      boolean prompt = i / 2000 % 2 == 0 && random.nextInt(3) == 0;
      int rows = prompt ? 24 + random.nextInt(100) : 1 + random.nextInt(6);
      int context = prompt ? random.nextInt(1500) : 30 + random.nextInt(100);
      double noise = random.nextInt(20) == 0 ? 2 : 1 + 0.05 * random.nextGaussian();
      cost.observe(1, rows, context, pace * noise * mixed(rows, context));
      if (i > 10_000 && i % 500 == 499) {
        for (int r : new int[] {1, 2, 4, 64, 96}) {
          for (int c : r > 10 ? new int[] {100, 700, 1400} : new int[] {50, 100}) {
            double ratio = cost.stepNanos(cost.passNanos(r), r, c) / (pace * mixed(r, c));
            assertTrue(ratio > 0.7 && ratio < 1.5, i + ": " + r + " rows, " + c + ": " + ratio);
          }
        }
      }
    }
  }

  private static double mixed(int rows, int context) {
    return 4e6 + rows * 1e6 + rows * context * 1e3;
  }

  /** Attention that dwarfs the weights, contexts of all lengths: numbers stay numbers. */
  @Test
  void shortContextsBesideLongOnes() {
    Random random = new Random(4);
    for (int i = 0; i < 100_000; i++) {
      int context = random.nextInt(4) == 0 ? 10 : 2000;
      int rows = 1 + random.nextInt(30);
      cost.observe(1, rows, context, 1e5 + rows * 1e3 + rows * context * 1e3);
      assertTrue(Double.isFinite(cost.passNanos(5)) && cost.passNanos(5) > 0, "step " + i);
    }
    assertTrue(new StepCost().restore(cost.state()));
  }

  @Test
  void oneOutlierTeachesLittle() {
    for (int i = 0; i < 100; i++) {
      cost.observe(1, 5, 128, truth(1, 5));
    }
    cost.observe(1, 5, 128, 100 * truth(1, 5));
    assertEquals(truth(1, 5), cost.passNanos(5), 0.15 * truth(1, 5));
  }

  @Test
  void calibrationFillsTheTable() {
    for (int rows : new int[] {1, 2, 4, 8, 16, 32}) {
      cost.calibrate(rows, truth(1, rows));
    }
    assertEquals(truth(1, 12), cost.passNanos(12), 0.01 * truth(1, 12));
    assertEquals(truth(1, 128), cost.passNanos(128), 0.01 * truth(1, 128));
    assertEquals(PASS / ROW, cost.passCostRows(), 0.1);
  }

  @Test
  void stateSurvives() {
    for (int i = 0; i < 50; i++) {
      cost.observe(1, 1 + i % 40, 100 + i, truth(1, 1 + i % 40));
    }
    StepCost other = new StepCost();
    assertTrue(other.restore(cost.state()));
    assertArrayEquals(cost.state(), other.state());
    assertEquals(cost.passNanos(17), other.passNanos(17));
    assertFalse(other.restore(new double[] {1, 2, 3}));
    double[] damaged = cost.state();
    damaged[3] = Double.NaN;
    assertFalse(other.restore(damaged));
    assertEquals(cost.passNanos(17), other.passNanos(17));
  }
}
