package org.sled.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchedBenchTest {
  /** As the program wrote it, with other lines around. */
  private static final List<String> OUTPUT =
      List.of(
          "a warning",
          "{\"n_kv_max\": 1024, \"n_batch\": 2048, \"n_ubatch\": 512, \"flash_attn\": 1, "
              + "\"is_pp_shared\": 0, \"n_gpu_layers\": -1, \"n_threads\": 1, \"n_threads_batch\": 1,"
              + " \"pp\": 64, \"tg\": 32, \"pl\": 4, \"n_kv\": 384, \"t_pp\": 0.104410, "
              + "\"speed_pp\": 2451.872314, \"t_tg\": 0.107975, \"speed_tg\": 1185.459595, "
              + "\"t\": 0.212385, \"speed\": 1808.037354}",
          "");

  @Test
  void resultsAreRead() {
    List<BatchedBench.Result> results = BatchedBench.parse(OUTPUT);
    assertEquals(List.of(new BatchedBench.Result(64, 32, 4, 0.104410, 0.107975)), results);
    assertEquals(2451.87, results.get(0).promptTokensPerSecond(), 0.1);
    assertEquals(1185.46, results.get(0).newTokensPerSecond(), 0.1);
    assertEquals(0.107975 / 32, results.get(0).stepSeconds());
  }

  @Test
  void otherResultsAreReported() {
    PeerException failure =
        assertThrows(PeerException.class, () -> BatchedBench.parse(List.of("{\"pp\": 1}")));
    assertTrue(failure.getMessage().contains("{\"pp\": 1}"), failure.getMessage());
  }

  @Test
  void contextIsEnoughForTheLargestShape() {
    BatchedBench.Shapes shapes =
        new BatchedBench.Shapes(List.of(16, 128), List.of(64), List.of(1, 4));
    List<String> command = BatchedBench.command(Path.of("bench"), Path.of("m"), 1, shapes);
    assertEquals("768", command.get(command.indexOf("--ctx-size") + 1));
    assertEquals("16,128", command.get(command.indexOf("-npp") + 1));
  }
}
