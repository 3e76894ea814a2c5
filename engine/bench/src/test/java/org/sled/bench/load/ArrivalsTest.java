package org.sled.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ArrivalsTest {
  private static final int COUNT = 200_000;

  /** Mean and squared coefficient of variation of the gaps; the latter is 1/shape for a gamma. */
  private static double[] gaps(double rate, double burstiness) {
    Arrivals arrivals = new Arrivals(rate, burstiness, 7);
    double sum = 0;
    double squares = 0;
    long before = 0;
    for (int i = 0; i < COUNT; i++) {
      long now = arrivals.nextNanos();
      double gap = (now - before) / 1e9;
      sum += gap;
      squares += gap * gap;
      before = now;
    }
    double mean = sum / COUNT;
    return new double[] {mean, (squares / COUNT - mean * mean) / (mean * mean)};
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.25, 1, 4})
  void keepsItsRateAndItsBurstiness(double burstiness) {
    double[] gaps = gaps(50, burstiness);
    assertEquals(1 / 50.0, gaps[0], 0.02 / 50, "mean gap");
    assertEquals(1 / burstiness, gaps[1], 0.05 / burstiness, "variation of the gaps");
  }

  @Test
  void aSeedGivesTheSameTimesAndNeverGoesBack() {
    Arrivals one = new Arrivals(10, 0.5, 42);
    Arrivals other = new Arrivals(10, 0.5, 42);
    long before = 0;
    for (int i = 0; i < 1000; i++) {
      long now = one.nextNanos();
      assertEquals(now, other.nextNanos());
      assertTrue(now >= before);
      before = now;
    }
  }

  @Test
  void refusesWhatIsNoProcess() {
    assertThrows(IllegalArgumentException.class, () -> new Arrivals(0, 1, 1));
    assertThrows(IllegalArgumentException.class, () -> new Arrivals(1, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> new Arrivals(Double.NaN, 1, 1));
  }
}
