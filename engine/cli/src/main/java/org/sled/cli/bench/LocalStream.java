package org.sled.cli.bench;

import java.nio.file.Path;
import org.sled.bench.report.PeerComparison;
import org.sled.cli.texts.TargetAlone;
import org.sled.device.GenerationRequest;
import org.sled.device.text.Prompts;
import org.sled.jni.EngineParams;
import org.sled.jni.ModelParams;
import org.sled.jni.Numerics;

/** A single stream of our own, as {@code sled generate --local --numerics fast} makes it. */
final class LocalStream {
  private LocalStream() {}

  /** Measures, after one generation to warm up, as java-llama.cpp is measured. */
  static PeerComparison.SingleStream measure(
      Path target, String prompt, int maxTokens, int threads) {
    try (TargetAlone alone =
        new TargetAlone(
            target,
            ModelParams.DEFAULT,
            EngineParams.DEFAULT.withThreads(threads).withNumerics(Numerics.FAST))) {
      GenerationRequest request =
          GenerationRequest.of(Prompts.raw(alone.model(), prompt))
              .withMaxTokens(maxTokens)
              .withIgnoreEnd(true);
      long[] firstNanos = new long[1];
      long[] lastNanos = new long[1];
      int[] count = new int[1];
      for (int i = 0; i < 2; i++) {
        count[0] = 0;
        long startNanos = System.nanoTime();
        var unused =
            alone.generate(
                request,
                token -> {
                  lastNanos[0] = System.nanoTime() - startNanos;
                  firstNanos[0] = count[0]++ == 0 ? lastNanos[0] : firstNanos[0];
                },
                () -> false);
      }
      return new PeerComparison.SingleStream(
          "sled, the target alone",
          (count[0] - 1) * 1e9 / (lastNanos[0] - firstNanos[0]),
          firstNanos[0] / 1e6);
    }
  }
}
