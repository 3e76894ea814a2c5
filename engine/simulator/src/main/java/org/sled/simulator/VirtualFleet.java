package org.sled.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.sled.device.GenerationRequest;
import org.sled.device.GenerationStats;
import org.sled.device.SledClientException;
import org.sled.device.draft.BlockDrafter;
import org.sled.device.draft.Drafting;

/**
 * Devices that share a server in virtual time, each generating one text after another until enough
 * texts have ended. Draft loop, policies and the server's decisions are those of real ones. The
 * same input gives the same numbers.
 *
 * @param serving link of each device, and what steps take
 * @param vocabularySize of the target
 * @param drafting how long blocks are, and how many are in flight
 * @param devices at least 1
 * @param warmupTexts of each device, which do not count: it learns from them
 * @param texts for each device, on average, that count; at least 1
 */
public record VirtualFleet(
    VirtualServing serving,
    int vocabularySize,
    Drafting drafting,
    int devices,
    int warmupTexts,
    int texts) {

  /**
   * What is generated.
   *
   * @param request without stop strings; 0 draft tokens for the server alone
   * @param tokens what the target says, at least one
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, nor a key
  public record Text(GenerationRequest request, int[] tokens) {}

  /**
   * Runs, on threads of its own that have ended when it returns.
   *
   * @param textOf the text of a number, which counts all that were begun from 0 on
   * @param drafterOf a device's drafter, which advances its clock; may give null where all texts
   *     are without drafts
   * @return of each text that counts, in the order of their ends
   * @throws SledClientException if a generation failed
   * @throws InterruptedException if the thread was interrupted
   */
  public List<GenerationStats> run(
      IntFunction<Text> textOf, Function<VirtualClock, BlockDrafter> drafterOf)
      throws InterruptedException {
    VirtualServer server = new VirtualServer(serving, devices, vocabularySize);
    Run run = new Run(new VirtualTurns(server, new long[devices]), textOf);
    List<Thread> threads = new ArrayList<>();
    for (int device = 0; device < devices; device++) {
      int number = device;
      Thread thread = new Thread(() -> run.device(number, drafterOf), "sled-virtual-" + number);
      thread.setDaemon(true);
      threads.add(thread);
    }
    threads.forEach(Thread::start);
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
          run.over.set(true); // after the texts at work, which take no time
        }
      }
    }
    server.close();
    if (interrupted) {
      throw new InterruptedException();
    }
    RuntimeException failure = run.failure.get();
    if (failure != null) {
      throw failure;
    }
    return run.stats;
  }

  /** What the devices' threads share; but for the failure, it belongs to whoever has the turn. */
  private final class Run {
    private final VirtualTurns turns;
    private final IntFunction<Text> textOf;
    private final AtomicBoolean over = new AtomicBoolean();
    private final AtomicReference<RuntimeException> failure = new AtomicReference<>();
    private final List<GenerationStats> stats = new ArrayList<>();
    private int begun;

    Run(VirtualTurns turns, IntFunction<Text> textOf) {
      this.turns = turns;
      this.textOf = textOf;
    }

    void device(int number, Function<VirtualClock, BlockDrafter> drafterOf) {
      try {
        turns.begin(number);
        VirtualClock clock = new VirtualClock();
        VirtualConnection connection = turns.server().connect();
        VirtualDevice device = new VirtualDevice(clock, serving, vocabularySize, drafting);
        BlockDrafter drafter = drafterOf.apply(clock);
        for (int i = 0; !over.get(); i++) {
          Text text = textOf.apply(begun++);
          GenerationStats one =
              device.generate(turns, number, connection, text.request(), text.tokens(), drafter);
          if (i >= warmupTexts && !over.get()) {
            stats.add(one);
            if (stats.size() == devices * texts) {
              over.set(true); // for all at once: the last ones would have the server to themselves
            }
          }
        }
      } catch (RuntimeException | Error e) {
        failure.compareAndSet(
            null, e instanceof RuntimeException known ? known : new IllegalStateException(e));
        over.set(true);
      } finally {
        turns.end(number);
      }
    }
  }
}
