package org.sled.bench.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;

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
}
