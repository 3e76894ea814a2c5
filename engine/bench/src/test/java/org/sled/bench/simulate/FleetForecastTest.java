package org.sled.bench.simulate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.bench.cost.CostTable;
import org.sled.bench.trace.MadeTraces;

/** Expectations from drafts and step times that are made up. */
@Timeout(120)
class FleetForecastTest {
  /** Rows cost little: reading the weights takes 20 ms. */
  private static final CostTable COSTS =
      new CostTable(
          "made",
          "1 threads",
          "exact",
          1,
          2,
          128,
          new int[] {1, 4},
          new int[] {1, 2, 5, 17},
          new double[][] {{20, 20, 21, 26}, {21, 24, 28, 60}});

  private static FleetForecast forecast(double acceptance) {
    return new FleetForecast(MadeTraces.of(acceptance, 4, 200, 7), COSTS, 0.1);
  }

  @Test
  void goodDraftsOfAFastDevicePayAndThoseOfASlowOneDoNot() throws InterruptedException {
    FleetForecast forecast = forecast(0.85);
    double alone = forecast.tokenMillis(5, 200, 1, false);
    assertEquals(20.1, alone, 0.5);
    assertTrue(forecast.tokenMillis(5, 200, 1, true) < alone / 1.5);
    assertTrue(forecast.tokenMillis(5, 2, 1, true) < alone * 1.03);
    assertTrue(forecast.tokenMillis(200, 20, 1, true) < alone * 1.1);
  }

  @Test
  void whereNothingIsDraftedItIsTheServerAlone() throws InterruptedException {
    FleetForecast forecast = forecast(0.85);
    assertEquals(
        forecast.tokenMillis(300, 2, 3, false), forecast.tokenMillis(300, 0.5, 3, true), 1e-9);
  }

  @Test
  void moreSessionsTakeLongerEach() throws InterruptedException {
    FleetForecast forecast = forecast(0.85);
    double one = forecast.tokenMillis(5, 200, 1, false);
    double eight = forecast.tokenMillis(5, 200, 8, false);
    assertTrue(eight > one, eight + " ms, and " + one + " ms");
  }
}
