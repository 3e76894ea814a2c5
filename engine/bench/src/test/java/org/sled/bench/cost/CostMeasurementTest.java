package org.sled.bench.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.VerifyEngine;

class CostMeasurementTest {
  private static final Path TARGET =
      Path.of(System.getProperty("sled.home"), "models", "demo-target.gguf");

  /** Behind the longest contexts, too, there is room for every step of the measurement. */
  @ParameterizedTest
  @CsvSource({"40, 40", "5000, 896"})
  void measuresBehindContextsOfTheLengthThatIsWanted(int wanted, int measured) throws Exception {
    int[] rows = {1, 2, 3, 4, 5, 7, 9, 17};
    try (Model model = Model.open(TARGET, ModelParams.DEFAULT);
        CostMeasurement measurement =
            new CostMeasurement(model, "demo", EngineParams.DEFAULT.withThreads(1), 1, wanted)) {
      CostTable table = measurement.measure(new int[] {1}, rows, (done, all) -> {});
      assertEquals(measured, table.contextTokens());
      for (int i = 0; i < rows.length; i++) {
        assertTrue(table.millis()[0][i] > 0, rows[i] + " rows");
      }
    }
  }

  @Test
  void withoutTimeAFewShapesAreMeasuredAndTheOthersEstimated() throws Exception {
    int[] rows = {1, 2, 3, 4, 5, 7, 9, 17};
    EngineParams params =
        EngineParams.DEFAULT.withThreads(1).withSequenceCount(3).withSessionCount(4);
    try (Model model = Model.open(TARGET, ModelParams.DEFAULT);
        VerifyEngine engine = VerifyEngine.open(model, params.withContextTokens(256));
        CostMeasurement measurement = CostMeasurement.on(engine, model, "demo", params, 3, 5000)) {
      int[] sequences = {1, 2, 3};
      CostTable table =
          measurement.measureUntil(sequences, rows, System.nanoTime(), (done, all) -> {});
      assertEquals(4, measurement.shapesMeasured());
      assertEquals(128, table.contextTokens());
      // A row's logits are a part of the row.
      assertTrue(table.resultMillis() >= 0 && table.resultMillis() < table.millis()[0][0]);
      for (int i = 0; i < sequences.length; i++) {
        for (int j = 0; j < rows.length; j++) {
          assertTrue(table.millis()[i][j] > 0, sequences[i] + " x " + rows[j]);
        }
      }
      // More rows than were measured are estimated to take more.
      assertTrue(table.millis()[2][7] > table.millis()[0][6]);

      long later = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
      List<Integer> done = new ArrayList<>();
      var unused =
          measurement.measureUntil(sequences, rows, later, (count, all) -> done.add(count));
      assertEquals(24, measurement.shapesMeasured());
      assertEquals(IntStream.rangeClosed(1, 24).boxed().toList(), done);
    }
  }
}
