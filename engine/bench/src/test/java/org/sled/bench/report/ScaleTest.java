package org.sled.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScaleTest {
  private static final double CLOSE = 1e-9;

  @Test
  void everyNineTakesAsMuchRoom() {
    Scale scale = Scale.ninesTo(99.9);
    assertEquals(0, scale.fraction(0), CLOSE);
    assertEquals(1 / 3.0, scale.fraction(90), CLOSE);
    assertEquals(2 / 3.0, scale.fraction(99), CLOSE);
    assertEquals(1, scale.fraction(99.9), CLOSE);
    assertEquals(List.of("0", "50", "90", "99", "99.9"), labels(scale));
  }

  @Test
  void ninesAreLabelledWithoutRoundOff() {
    assertEquals(
        List.of("0", "50", "90", "99", "99.9", "99.99", "99.999", "99.9999"),
        labels(Scale.ninesTo(99.9999)));
  }

  @Test
  void ninesEndBetweenTicksWhereValuesDo() {
    Scale scale = Scale.ninesTo(97.5);
    assertEquals(97.5, scale.high(), CLOSE);
    assertEquals(List.of("0", "50", "90"), labels(scale));
    assertEquals(90, Scale.ninesTo(20).high(), CLOSE, "at least one nine");
  }

  @Test
  void linearEndsAtATick() {
    Scale scale = Scale.linear(277, 6);
    assertEquals(0, scale.low(), CLOSE);
    assertEquals(300, scale.high(), CLOSE);
    assertEquals(List.of("0", "50", "100", "150", "200", "250", "300"), labels(scale));
    assertEquals(0.5, scale.fraction(150), CLOSE);
  }

  @Test
  void aSpanEndsWhereTimeDoes() {
    Scale scale = Scale.span(12.3, 8);
    assertEquals(1, scale.fraction(12.3), CLOSE);
    assertEquals(List.of("0", "2", "4", "6", "8", "10", "12"), labels(scale));
  }

  @Test
  void isLogarithmicWhereTheRangeAsksForIt() {
    assertEquals(Scale.Kind.LINEAR, Scale.fitting(20, 300, 6).kind());
    assertEquals(Scale.Kind.LOG, Scale.fitting(20, 30_000, 6).kind());
    assertEquals(Scale.Kind.LINEAR, Scale.fitting(0, 30_000, 6).kind(), "0 has no logarithm");
  }

  @Test
  void logarithmicTicksEncloseTheValues() {
    Scale scale = Scale.log(28, 12_000);
    assertEquals(20, scale.low(), CLOSE);
    assertEquals(20_000, scale.high(), CLOSE);
    assertEquals(0.5, scale.fraction(Math.sqrt(20.0 * 20_000)), CLOSE);
    assertEquals(7, Scale.log(0.001, 1_000).ticks().size(), "decades over a wide range");
  }

  @ParameterizedTest
  @CsvSource({
    "0.001, 0.001",
    "1, 1",
    "5, 5",
    "1, 10",
    "0.3, 7",
    "0.02, 0.4",
    "9.99, 1000",
    "0.001, 3600000"
  })
  void logarithmicScalesHoldTheirRange(double low, double high) {
    Scale scale = Scale.log(low, high);
    assertTrue(scale.low() <= low * (1 + CLOSE), scale.toString());
    assertTrue(scale.high() >= high * (1 - CLOSE), scale.toString());
    assertTrue(scale.low() < scale.high(), scale.toString());
    assertTrue(scale.ticks().size() <= 12, scale.toString());
    for (int i = 1; i < scale.ticks().size(); i++) {
      assertTrue(scale.ticks().get(i - 1).value() < scale.ticks().get(i).value());
    }
  }

  @Test
  void valuesBeyondTheEndsStandThere() {
    Scale scale = Scale.linear(100, 5);
    assertEquals(0, scale.fraction(-5), CLOSE);
    assertEquals(1, scale.fraction(500), CLOSE);
    assertEquals(1, Scale.ninesTo(99).fraction(100), CLOSE, "100 % is infinitely far");
  }

  @Test
  void nothingIsAScaleToo() {
    assertEquals(0, Scale.linear(0, 5).fraction(0), CLOSE);
    assertEquals(0, Scale.span(0, 5).fraction(0), CLOSE);
    assertEquals(List.of("0", "1"), labels(Scale.linear(0, 5)));
  }

  private static List<String> labels(Scale scale) {
    return scale.ticks().stream().map(tick -> tick.label().replace("\u202f", "")).toList();
  }
}
