package org.sled.bench.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.sled.bench.energy.EnergyReport.Measured;

/** The sampling thread. */
final class EnergySessionTest {
  private static final Duration MILLISECOND = Duration.ofMillis(1);

  private final CountDownLatch fiveSamples = new CountDownLatch(5);

  private EnergyMeters tenWatts() {
    return EnergyMeters.of(
        List.of(
            new PowerSensor(
                "s",
                "board",
                MeterScope.BOARD,
                () -> {
                  fiveSamples.countDown();
                  return 10;
                })));
  }

  @Test
  void samplesUntilItIsStoppedOnce() throws Exception {
    try (EnergySession session = EnergySession.start(tenWatts(), MILLISECOND, System::nanoTime)) {
      assertTrue(fiveSamples.await(10, TimeUnit.SECONDS));
      EnergyReport report = session.stop();
      Measured board = report.measured().get(0);
      assertTrue(board.samples() >= 5);
      // The readings enclose the interval, so that they measure a little more than it.
      assertTrue(report.totalJoules() >= 10 * report.seconds() - 1e-9, report::toString);
      assertEquals(1, board.sampleIntervalMs());
      assertSame(report, session.stop());
    }
  }

  @Test
  void anInterruptedCallerStillGetsTheReportAndStaysInterrupted() {
    EnergySession session = EnergySession.start(tenWatts(), MILLISECOND, System::nanoTime);
    Thread.currentThread().interrupt();
    EnergyReport report = session.stop();
    assertTrue(Thread.interrupted());
    assertEquals(1, report.measured().size());
  }

  @Test
  void closeEndsTheSampler() {
    EnergySession session = EnergySession.start(tenWatts());
    assertTrue(isSampling());
    session.close();
    assertFalse(isSampling());
    session.close();
  }

  private static boolean isSampling() {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(thread -> thread.getName().equals("energy-sampler"));
  }

  @Test
  void intervalsOutOfRangeAreRefused() {
    for (Duration interval :
        List.of(Duration.ZERO, Duration.ofNanos(999_999), Duration.ofSeconds(11))) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () -> EnergySession.start(tenWatts(), interval, System::nanoTime));
      assertTrue(e.getMessage().contains("PT0.001S to PT10S"), e::getMessage);
    }
  }
}
