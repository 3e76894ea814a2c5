package org.sled.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class FormatTest {
  private static final String THIN = "\u202f";

  @Test
  void givesAboutThreeDigits() {
    assertEquals("0.000", Format.number(0.0));
    assertEquals("0.123", Format.number(0.1234));
    assertEquals("1.00", Format.number(0.9996));
    assertEquals("9.99", Format.number(9.99));
    assertEquals("10.0", Format.number(9.996));
    assertEquals("100", Format.number(99.96));
    assertEquals("12" + THIN + "346", Format.number(12_345.6));
  }

  @Test
  void hasADashForTheUnknown() {
    assertEquals("–", Format.number((Double) null));
    assertEquals("–", Format.number(Double.NaN));
    assertEquals("–", Format.percent(null));
    assertEquals("–", Format.unit(Format.number((Double) null), "ms"));
  }

  @Test
  void ticksHaveNoMoreDecimalsThanNeeded() {
    assertEquals("0", Format.tick(0));
    assertEquals("0.5", Format.tick(0.5));
    assertEquals("20", Format.tick(20));
    assertEquals("0.3", Format.tick(3 * 0.1));
    assertEquals("1" + THIN + "000", Format.tick(1_000));
  }

  @Test
  void countsBytesInBinaryUnits() {
    assertEquals("1" + THIN + "023" + THIN + "B", Format.bytes(1_023));
    assertEquals("1.50" + THIN + "KiB", Format.bytes(1_536));
    assertEquals("126" + THIN + "GiB", Format.bytes(135_000_000_000L));
  }
}
