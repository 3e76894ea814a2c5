package org.sled.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.sled.device.Generation;
import org.sled.device.GenerationRequest;
import org.sled.device.SledClient;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.net.protocol.Sampling;

/**
 * A device that makes many short generations, to be run in a JVM of its own: prints ten times, from
 * the first tenth to the last, how many KiB live objects have, and how many KiB the process has in
 * main memory.
 */
final class ResidentMeter {
  private static final int TOKENS = 8;

  private ResidentMeter() {}

  /**
   * Runs them one after the other.
   *
   * @param args the server's port, the draft model, the number of generations, the prompt
   */
  public static void main(String[] args) throws InterruptedException, IOException {
    int count = Integer.parseInt(args[2]);
    try (Model draft = Model.open(Path.of(args[1]), ModelParams.DEFAULT);
        SledClient client =
            SledClient.builder()
                .server("127.0.0.1", Integer.parseInt(args[0]))
                .draftModel(draft)
                .connect()) {
      for (int i = 1; i <= count; i++) {
        GenerationRequest request =
            GenerationRequest.of(client.tokenize(args[3] + " " + i % 100))
                .withMaxTokens(TOKENS)
                .withSampling(Sampling.GREEDY.withTemperature(0.8f).withSeed(i))
                .withIgnoreEnd(true);
        try (Generation generation = client.start(request)) {
          if (generation.remainingTokens().length != TOKENS) {
            throw new IllegalStateException("generation " + i + " is not whole");
          }
        }
        if (i % (count / 10) == 0) {
          System.out.println(liveKib() + " " + residentKib());
        }
      }
    }
  }

  private static long liveKib() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / 1024;
  }

  private static String residentKib() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .map(line -> line.replaceAll("\\D", ""))
        .findFirst()
        .orElseThrow();
  }
}
