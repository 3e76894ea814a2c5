package org.sled.core.price;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.sled.core.cost.RowRule;
import org.sled.core.cost.StepCost;
import org.sled.core.cost.StepForecast;
import org.sled.core.cost.WorkKind;

class SpeculationPriceTest {
  private static final int PASS_ROWS = 64;

  private final StepCost cost = new StepCost();
  private final SpeculationPrice price = new SpeculationPrice(cost, PASS_ROWS, RowRule.ANY);
  private final StepForecast forecast = new StepForecast(cost, 64, PASS_ROWS, RowRule.ANY);

  /** A pass takes 50 ms and 1 ms per row. */
  private void calibrate() {
    calibrate(50e6, 1e6);
  }

  private void calibrate(double passNanos, double rowNanos) {
    for (int rows : new int[] {1, 2, 4, 8, 16, 32, 64}) {
      cost.calibrate(rows, passNanos + rows * rowNanos);
    }
  }

  private void step(int sessions, int rows, int promptRows) {
    forecast.clear();
    for (int i = 0; i < sessions; i++) {
      forecast.add(i, WorkKind.BLOCK, rows, 100);
    }
    if (promptRows > 0) {
      forecast.add(sessions, WorkKind.PREFILL, promptRows, 0);
    }
    price.observe(forecast, forecast.nanos(), Math.max(1, sessions));
  }

  private double alone(int sessions) {
    price.set(sessions, 0.7);
    return price.aloneSeconds();
  }

  private double draft(int sessions) {
    price.set(sessions, 0.7);
    return price.draftSeconds();
  }

  @Test
  void nothingIsKnownAtFirst() {
    assertEquals(0, draft(4));
    assertEquals(0, alone(4));
  }

  @Test
  void aFleetThatComesAtOnceDoesNotWaitUntilTheGainOfOneFades() {
    calibrate(20e6, 2e6);
    for (int i = 0; i < 500; i++) {
      step(1, 3, 0);
      price.set(1, 0.8);
      assertTrue(price.draftSeconds() < price.aloneSeconds(), "alone, drafts pay");
    }
    price.set(32, 0.8);
    assertEquals(2, price.draftSeconds() / price.aloneSeconds(), 1e-9, "32 rows are all it takes");
  }

  @Test
  void manyDraftsOfOneStepAreAsGoodAsFewOfMany() {
    calibrate();
    price.set(16, 0.1);
    assertTrue(price.draftSeconds() < price.aloneSeconds(), "has seen no draft yet");
    step(16, 4, 0); // 48 drafts
    price.set(16, 0.1);
    assertEquals(2, price.draftSeconds() / price.aloneSeconds(), 1e-9);
  }

  @Test
  void whereDraftsHardlyPayItDetersFromThem() {
    for (int rows : new int[] {1, 2, 4, 8, 16, 32, 64}) {
      cost.calibrate(
          rows, rows <= 4 ? 50e6 + rows * 1e6 : 46e6 + rows * 1.5e6); // then each row costs
    }
    for (int i = 0; i < 100; i++) {
      price.set(1, 0.7);
    }
    assertTrue(price.draftSeconds() < 0.1 * price.aloneSeconds(), "one session: nearly free");
    price.set(16, 0.5);
    assertTrue(price.draftSeconds() < price.aloneSeconds(), "16 sessions: has seen no draft yet");
    int steps = 0;
    do {
      step(1, 2, 0); // a draft
      price.set(16, 0.5);
      steps++;
    } while (price.draftSeconds() < 2 * price.aloneSeconds() && steps < 300);
    assertTrue(steps > 3 && steps < 200, "after a while of bad drafts, not at once: " + steps);
    for (int i = 0; i < 200; i++) {
      step(16, 1, 0);
      price.set(16, 0.5);
      assertEquals(2, price.draftSeconds() / price.aloneSeconds(), 1e-9);
    }
    do {
      step(16, 1, 0);
      price.set(16, 0.5);
      steps++;
    } while (price.draftSeconds() > price.aloneSeconds() && steps < 8000);
    assertTrue(steps > 300 && steps < 8000, "they are tried again, but not soon: " + steps);
    for (int i = 0; i < 200; i++) {
      price.set(16, 0.99);
    }
    assertTrue(price.draftSeconds() < price.aloneSeconds(), "drafts that are nearly always right");
  }

  /** Nobody's best length, but the best if all have one. */
  @Test
  void namesALengthWhereSessionsShareTheirSteps() {
    calibrate(20e6, 1e6);
    for (int i = 0; i < 100; i++) {
      step(1, 5, 0);
      price.set(1, 0.8);
    }
    assertEquals(0, price.commonDrafts(), "alone");
    for (int i = 0; i < 100; i++) {
      step(4, 5, 0);
      price.set(4, 0.8);
    }
    int few = price.commonDrafts();
    assertEquals(4, few, 1);
    for (int i = 0; i < 100; i++) {
      step(16, few + 1, 0);
      price.set(16, 0.8);
    }
    assertTrue(price.commonDrafts() > 0 && price.commonDrafts() < few, "rows cost more now");
  }

  /** What has been too little is enough at once, not only behind a margin, as among others. */
  @Test
  void aDeviceThatIsAloneHoldsNobodyUp() {
    calibrate(20e6, 8e6);
    for (int i = 0; i < 300; i++) {
      step(1, 3, 0);
      price.set(1, 0.62);
    }
    assertEquals(1.275, price.gain(), 0.01); // 2.004 tokens in 44 ms, by one in 28
    assertTrue(price.draftSeconds() < price.aloneSeconds());
    for (int i = 0; i < 300; i++) {
      step(1, 3, 0);
      price.set(1, 0.3);
    }
    assertEquals(2, price.draftSeconds() / price.aloneSeconds(), 1e-9);
  }

  @Test
  void everybodyWaitsForTheDraftsOfAll() {
    calibrate();
    assertEquals(0.051, alone(1), 1e-6);
    assertEquals(0.058, alone(8), 1e-6);
    assertEquals(0.008, draft(8), 1e-6);
    assertEquals(0.001, draft(1), 1e-6);
  }

  @Test
  void moreSessionsThanAPassTakeSeveral() {
    calibrate();
    assertEquals(2 * 0.050 + 0.100, alone(100), 1e-6);
  }

  @Test
  void promptsMakeEverythingSlower() {
    calibrate();
    for (int i = 0; i < 200; i++) {
      step(4, 1, 46); // 54 ms of text; the prompt has another pass, 96 ms
    }
    assertEquals(0.054 * (1 + 96 / 54.0), alone(4), 0.002);
    for (int i = 0; i < 400; i++) {
      step(4, 1, 0);
    }
    assertEquals(0.054, alone(4), 0.001);
  }

  @Test
  void textThatComesSoonerBringsItsPromptsSooner() {
    calibrate();
    assertEquals(bestGain(0), gainAfter(0), 0.01);
    // A prompt of 96 ms comes with every 1 + 0.7 + 0.49 + 0.343 tokens of four sessions.
    assertEquals(bestGain(96 / 2.533), gainAfter(46), 0.02);
  }

  /** After many blocks of three drafts from four sessions, seven in ten right. */
  private double gainAfter(int promptRows) {
    for (int i = 0; i < 400; i++) {
      step(4, 4, promptRows);
      price.set(4, 0.7);
    }
    return price.gain();
  }

  private static double bestGain(double promptMillis) {
    double best = 0;
    double tokens = 1;
    for (int drafts = 1; drafts <= 15; drafts++) {
      tokens += Math.pow(0.7, drafts);
      double round = 50 + 4 * (1 + drafts) + tokens * promptMillis;
      best = Math.max(best, tokens * (54 + promptMillis) / round);
    }
    return best;
  }

  @Test
  void promptsAloneKeepItFinite() {
    calibrate();
    for (int i = 0; i < 1000; i++) {
      step(0, 1, 46);
    }
    assertTrue(alone(4) <= 9 * 0.054 + 1e-9);
  }
}
