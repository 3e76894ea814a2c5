package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.netty.util.ResourceLeakDetector;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.jni.EngineParams;
import org.sled.net.client.ClientTransport;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.VerdictStatus;

/**
 * The real way of a block (sockets, Netty, slots, llama.cpp with the demo target): after warm-up
 * the verifier thread allocates nothing on the Java heap per round, and the daemon's own time is
 * short.
 */
class VerifierAllocationTest {
  private static final int DEVICES = 4;
  private static final int WARM_UP_ROUNDS = 600;
  private static final int ROUNDS = 600;

  /**
   * For all rounds together, not for each: what the JVM may need once in a while, such as a class
   * that is loaded late.
   */
  private static final long BUDGET_BYTES = 4_096;

  @Test
  @Timeout(120) // a device that fails does not come to the barrier
  void roundsAllocateNothing() throws Exception {
    // Netty's leak detector takes a stack trace for one buffer in 128; the launcher turns it off
    // too.
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
    Path model = Path.of(System.getProperty("sled.home"), "models", "demo-target.gguf");
    ServerConfig config =
        ServerConfig.of(model)
            .listen("127.0.0.1", 0)
            .engineParams(
                EngineParams.DEFAULT
                    .withSequenceCount(DEVICES)
                    .withContextTokens(2048)
                    .withThreads(1))
            .conclude();
    ExecutorService executor = Executors.newFixedThreadPool(DEVICES);
    try (Daemon daemon = Daemon.start(config);
        ClientTransport transport = new ClientTransport(1)) {
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long verifier = idOf(threads, "sled-verifier");
      CyclicBarrier barrier = new CyclicBarrier(DEVICES + 1);
      List<Future<?>> devices = new ArrayList<>();
      for (int i = 0; i < DEVICES; i++) {
        int seed = i;
        devices.add(executor.submit(() -> run(transport, daemon, barrier, seed)));
      }
      barrier.await(); // warm
      long before = threads.getThreadAllocatedBytes(verifier);
      barrier.await(); // measured rounds begin
      barrier.await(); // and have ended
      long allocated = threads.getThreadAllocatedBytes(verifier) - before;
      barrier.await();
      for (Future<?> device : devices) {
        device.get();
      }
      assertTrue(
          allocated <= BUDGET_BYTES,
          () -> allocated + " bytes for " + DEVICES * ROUNDS + " rounds on the verifier thread");
      assertNotNull(daemon.stats().overheadMicros());
    } finally {
      executor.shutdownNow();
    }
  }

  private static Void run(ClientTransport transport, Daemon daemon, CyclicBarrier barrier, int seed)
      throws Exception {
    try (TestDevice device = new TestDevice(transport, daemon.address())) {
      device.connection.open(
          new Open(1, 1, 0, Open.IGNORE_EOG, Sampling.GREEDY, 3, TokenIds.of(10 + seed, 20, 30)));
      Opened opened = device.receive(Opened.class);
      int[] position = {opened.committedLength() - 1, opened.firstToken(), 0};
      rounds(device, position, WARM_UP_ROUNDS);
      barrier.await();
      barrier.await();
      rounds(device, position, ROUNDS);
      barrier.await();
      barrier.await();
      return null;
    }
  }

  /** Drafts that are practically always wrong, so that every round commits one token. */
  private static void rounds(TestDevice device, int[] position, int count) throws Exception {
    for (int i = 0; i < count; i++) {
      device.draft(1, ++position[2], 1, position[0], 0, position[1], 300, 301, 302, 303);
      TestDevice.Verdict verdict = device.receive(TestDevice.Verdict.class);
      assertEquals(VerdictStatus.VERIFIED, verdict.status());
      if (verdict.finish() != FinishReason.NONE) {
        throw new AssertionError("finished: " + verdict);
      }
      position[0] = verdict.committedLength() - 1;
      position[1] = verdict.nextToken();
    }
  }

  private static long idOf(ThreadMXBean threads, String name) {
    for (ThreadInfo info : threads.getThreadInfo(threads.getAllThreadIds())) {
      if (info != null && info.getThreadName().equals(name)) {
        return info.getThreadId();
      }
    }
    throw new AssertionError("no thread " + name);
  }
}
