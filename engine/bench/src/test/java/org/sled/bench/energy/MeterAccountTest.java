package org.sled.bench.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Counters that wrap, restart and vanish; power that is integrated over gaps. */
final class MeterAccountTest {
  private static final long RANGE = 65_000_000_000L; // µJ

  private long nanos;
  private double value; // µJ or W; NaN: it cannot be read

  private MeterAccount counter(long range) {
    return MeterAccount.of(
        new EnergyCounter("c", "c", MeterScope.COMPONENT, range, () -> (long) valueOrFailure()));
  }

  private MeterAccount sensor() {
    return MeterAccount.of(new PowerSensor("s", "s", MeterScope.COMPONENT, this::valueOrFailure));
  }

  private double valueOrFailure() throws IOException {
    if (Double.isNaN(value)) {
      throw new IOException("gone");
    }
    return value;
  }

  private void read(MeterAccount account, long atMillis, double reading) {
    nanos = TimeUnit.MILLISECONDS.toNanos(atMillis);
    value = reading;
    account.read(() -> nanos, false);
  }

  private void readBoundary(MeterAccount account, long atMillis, double reading) {
    nanos = TimeUnit.MILLISECONDS.toNanos(atMillis);
    value = reading;
    account.read(() -> nanos, true);
  }

  @Test
  void aCounterIsSummedOverItsWraps() {
    MeterAccount account = counter(RANGE);
    readBoundary(account, 0, RANGE - 100e6);
    read(account, 1000, 50e6);
    read(account, 2000, RANGE / 2d); // not a wrap, and not judged: forward is forward
    read(account, 3000, RANGE - 20e6);
    readBoundary(account, 4000, 30e6);
    assertNull(account.lostReason());
    assertEquals(100 + 50 + (65_000 - 20 - 50) + 20 + 30, account.joules(), 1e-6);
    assertEquals(5, account.samples());
    assertNull(account.longestGapNanos());
  }

  @Test
  void aCounterWithoutARangeCannotGoBackward() {
    MeterAccount account = counter(0);
    readBoundary(account, 0, 5e9);
    readBoundary(account, 1000, 4e9);
    assertEquals(
        "its counter went backward, from 5000000000 to 4000000000 µJ", account.lostReason());
  }

  @Test
  void aCounterThatStartsAnewIsNoWrap() {
    MeterAccount account = counter(RANGE);
    readBoundary(account, 0, 10e9);
    read(account, 1000, 1e6); // as a wrap it would be 55 kJ in a second
    assertTrue(account.lostReason().contains("backward"), account::lostReason);
    readBoundary(account, 2000, 20e6);
    assertTrue(account.lostReason().contains("backward"), "it stays lost");
  }

  @Test
  void aCounterAboveItsRangeIsNotTrusted() {
    MeterAccount account = counter(1000);
    readBoundary(account, 0, 5000);
    readBoundary(account, 1000, 100);
    assertNotNull(account.lostReason());
  }

  @Test
  void aCounterMayFailBetweenStartAndStopButNotAtThem() {
    MeterAccount account = counter(RANGE);
    readBoundary(account, 0, 0);
    read(account, 1000, Double.NaN);
    readBoundary(account, 2000, 7e6);
    assertEquals(7, account.joules(), 1e-9);
    readBoundary(account, 3000, Double.NaN);
    assertEquals("gone", account.lostReason());
    MeterAccount never = counter(RANGE);
    readBoundary(never, 0, Double.NaN);
    readBoundary(never, 1000, 5);
    assertEquals("gone", never.lostReason());
  }

  @Test
  void powerIsIntegratedByTrapezoidsOverUnequalGaps() {
    MeterAccount account = sensor();
    readBoundary(account, 0, 10);
    read(account, 100, 20); // 1.5 J
    read(account, 400, 0); // 3 J
    readBoundary(account, 500, 5); // 0.25 J
    assertEquals(4.75, account.joules(), 1e-12);
    assertEquals(0.5, account.seconds(), 1e-12);
    assertEquals(TimeUnit.MILLISECONDS.toNanos(300), account.longestGapNanos());
  }

  @Test
  void aSensorThatFailsNowAndThenIsBridged() {
    MeterAccount account = sensor();
    readBoundary(account, 0, 10);
    for (int round = 0; round < 3; round++) {
      for (int i = 1; i < SampledAccount.MAX_FAILURES; i++) {
        read(account, 1000L * round + i, Double.NaN);
      }
      read(account, 1000L * round + 1000, 10);
    }
    assertNull(account.lostReason());
    assertEquals(30, account.joules(), 1e-9);
  }

  @Test
  void aSensorThatKeepsFailingIsLost() {
    MeterAccount account = sensor();
    readBoundary(account, 0, 10);
    for (int i = 1; i <= SampledAccount.MAX_FAILURES; i++) {
      assertNull(account.lostReason());
      read(account, i, Double.NaN);
    }
    assertEquals("gone", account.lostReason());
  }

  @Test
  void valuesThatAreNoNumbersAndExceptionsOfMetersFromElsewhereAreFailures() {
    MeterAccount infinite = sensor();
    readBoundary(infinite, 0, Double.POSITIVE_INFINITY);
    assertEquals("it reads Infinity W", infinite.lostReason());
    MeterAccount broken =
        MeterAccount.of(
            new PowerSensor(
                "s",
                "s",
                MeterScope.PART,
                () -> {
                  throw new IllegalStateException("broken");
                }));
    readBoundary(broken, 0, 1);
    assertTrue(broken.lostReason().contains("broken"));
  }
}
