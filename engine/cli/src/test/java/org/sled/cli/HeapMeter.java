package org.sled.cli;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.sled.device.Generation;
import org.sled.device.GenerationRequest;
import org.sled.device.SledClient;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;

/**
 * A device, to be run in a JVM of its own: prints what its threads allocate on the heap per token,
 * one line each, an empty line, and the text.
 */
final class HeapMeter {
  private static final int WARM_UP_TOKENS = 200;

  private HeapMeter() {}

  /**
   * Runs one generation.
   *
   * @param args the server's port, the draft model, the number of tokens, the prompt
   */
  public static void main(String[] args) throws InterruptedException {
    int tokens = Integer.parseInt(args[2]);
    try (Model draft = Model.open(Path.of(args[1]), ModelParams.DEFAULT);
        SledClient client =
            SledClient.builder()
                .server("127.0.0.1", Integer.parseInt(args[0]))
                .draftModel(draft)
                .connect()) {
      GenerationRequest request =
          GenerationRequest.of(client.tokenize(args[3])).withMaxTokens(tokens).withIgnoreEnd(true);
      try (Generation generation = client.start(request)) {
        StringBuilder text = new StringBuilder();
        read(generation, WARM_UP_TOKENS, text);
        int tokensBefore = generation.stats().tokens();
        Map<String, Long> before = allocatedByThread();
        // Not to the end: the draft thread has to be there to be asked.
        read(generation, tokens - 2 * WARM_UP_TOKENS, text);
        Map<String, Long> after = allocatedByThread();
        int count = generation.stats().tokens() - tokensBefore;
        text.append(generation.text().remaining());
        StringBuilder report = new StringBuilder();
        before.forEach(
            (thread, bytes) ->
                report
                    .append((after.getOrDefault(thread, bytes) - bytes) / count)
                    .append(' ')
                    .append(thread)
                    .append('\n'));
        byte[] out = (report + "\n" + text).getBytes(StandardCharsets.UTF_8);
        System.out.write(out, 0, out.length);
        System.out.flush();
      }
    }
  }

  /** Reads as many pieces: about one for each token, never more. */
  private static void read(Generation generation, int pieces, StringBuilder text)
      throws InterruptedException {
    for (int i = 0; i < pieces; i++) {
      text.append(generation.text().next());
    }
  }

  /** By the thread's name, of those that are the client's or the application's. */
  private static Map<String, Long> allocatedByThread() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Map<String, Long> bytes = new TreeMap<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("sled-") || thread == Thread.currentThread()) {
        bytes.put(thread.getName(), threads.getThreadAllocatedBytes(thread.getId()));
      }
    }
    return bytes;
  }
}
