package org.sled.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchedBenchTest {
  /** As the program wrote it; with a line of its log before. */
  private static final List<String> OUTPUT =
      List.of(
          "0.00.052.114 W llama_context: n_ctx_seq (192) < n_ctx_train (512)",
          "{\"n_kv_max\": 768, \"n_batch\": 2048, \"n_ubatch\": 512, \"flash_attn\": 1, "
              + "\"is_pp_shared\": 0, \"n_gpu_layers\": -1, \"n_threads\": 1, \"n_threads_batch\": 1,"
              + " \"pp\": 128, \"tg\": 64, \"pl\": 4, \"n_kv\": 768, \"t_pp\": 0.250000, "
              + "\"speed_pp\": 2048.000000, \"t_tg\": 0.500000, \"speed_tg\": 512.000000, "
              + "\"t\": 0.750000, \"speed\": 1024.000000}",
          "");

  @Test
  void resultsAreRead() {
    List<BatchedBench.Result> results = BatchedBench.parse(OUTPUT);
    assertEquals(List.of(new BatchedBench.Result(128, 64, 4, 0.25, 0.5)), results);
    assertEquals(2048, results.get(0).promptTokensPerSecond());
    assertEquals(512, results.get(0).newTokensPerSecond());
    assertEquals(0.5 / 64, results.get(0).stepSeconds());
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
