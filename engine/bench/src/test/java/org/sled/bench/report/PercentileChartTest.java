package org.sled.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.sled.bench.load.Metric;

class PercentileChartTest {
  @Test
  void aPercentileNeedsFiveValuesBeyondIt() {
    assertTrue(PercentileChart.isSupported(500, 99));
    assertFalse(PercentileChart.isSupported(499, 99));
    assertTrue(PercentileChart.isSupported(5_000, 99.9));
    assertFalse(PercentileChart.isSupported(0, 50));
    assertEquals(99, PercentileChart.highestSupported(500), 1e-9);
    assertEquals(0, PercentileChart.highestSupported(5), 1e-9);
  }

  @Test
  void theCurveRisesAndEndsWhereValuesDo() {
    Histogram micros = new Histogram(3);
    for (int i = 1; i <= 200; i++) {
      micros.recordValue(i * 1_000L);
    }
    micros.recordValue(3_600_000_000L); // an outlier that must not be drawn
    List<PercentileChart.Point> curve = PercentileChart.curve(micros);
    for (int i = 1; i < curve.size(); i++) {
      assertTrue(curve.get(i).percentile() > curve.get(i - 1).percentile());
      assertTrue(curve.get(i).millis() >= curve.get(i - 1).millis());
    }
    PercentileChart.Point last = curve.get(curve.size() - 1);
    assertEquals(100 * (1 - 5 / 201.0), last.percentile(), 1e-9);
    assertEquals(196, last.millis(), 1);
    assertEquals(1, curve.get(0).millis(), 0.01);
  }

  @Test
  void zerosHaveAPlaceOnALogarithmicAxis() {
    Histogram micros = new Histogram(3);
    micros.recordValueWithCount(0, 50);
    micros.recordValueWithCount(900_000, 50);
    Html html = new Html();
    PercentileChart.draw(
        html, "test", List.of(Metric.TTFT), Map.of(Metric.TTFT, micros), List.of());
    String svg = html.finish();
    assertTrue(svg.contains("ms, logarithmic"), svg);
    assertFalse(svg.contains("NaN") || svg.contains("Infinity"), svg);
  }

  @Test
  void fewValuesAreNoCurve() {
    Histogram micros = new Histogram(3);
    micros.recordValueWithCount(1_000, 5);
    assertFalse(PercentileChart.canDraw(List.of(Metric.TTFT), Map.of(Metric.TTFT, micros)));
    micros.recordValue(1_000);
    assertTrue(PercentileChart.canDraw(List.of(Metric.TTFT), Map.of(Metric.TTFT, micros)));
  }
}
