package org.sled.cli.demo;

import java.util.ArrayList;
import java.util.List;
import org.sled.cli.output.StreamTotals;
import org.sled.cli.texts.DemoPrompts;
import org.sled.device.Generation;
import org.sled.device.GenerationEnd;
import org.sled.device.GenerationRequest;
import org.sled.device.GenerationStats;
import org.sled.device.SledClient;
import org.sled.jni.ChatMessage;
import org.sled.net.protocol.Sampling;

/**
 * One device of the demo: a client of its own, that has one story after another told until it is
 * stopped. Runs on its own thread; {@link #stop} and {@link #stats} from any.
 */
final class DemoDevice implements Runnable, AutoCloseable {
  private final int number;
  private final int deviceCount;
  private final SledClient client;
  private final int maxTokens;
  private final int draftTokens;
  private final Sampling sampling;
  private final List<DemoStream> streams = new ArrayList<>(); // under the lock, so too below
  private final List<GenerationStats> finished = new ArrayList<>();
  private Generation running;
  private boolean stopped;
  private RuntimeException failure;

  /** Owns the client from now on. */
  DemoDevice(
      int number,
      int deviceCount,
      SledClient client,
      int maxTokens,
      int draftTokens,
      Sampling sampling) {
    this.number = number;
    this.deviceCount = deviceCount;
    this.client = client;
    this.maxTokens = maxTokens;
    this.draftTokens = draftTokens;
    this.sampling = sampling;
  }

  @Override
  public void run() {
    try {
      for (int story = number; start(story); story += deviceCount) {
        // All is done in start.
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      synchronized (this) {
        failure = e;
      }
    }
  }

  /** Has one story told; false when there shall be no more. */
  private boolean start(int story) throws InterruptedException {
    int[] prompt = client.tokenizeChat(List.of(new ChatMessage("user", DemoPrompts.get(story))));
    GenerationRequest request =
        GenerationRequest.of(prompt)
            .withMaxTokens(maxTokens)
            .withDraftTokens(draftTokens)
            .withSampling(sampling);
    Generation generation;
    synchronized (this) {
      if (stopped) {
        return false;
      }
      generation = client.start(request);
      running = generation;
    }
    try (generation) {
      int[] tokens = generation.remainingTokens();
      synchronized (this) {
        running = null;
        finished.add(generation.stats());
        streams.add(new DemoStream(number, story, prompt, tokens, generation.end()));
        return !stopped && generation.end() != GenerationEnd.CANCELLED;
      }
    }
  }

  /** Ends the story that is being told, and tells no more. */
  synchronized void stop() {
    stopped = true;
    if (running != null) {
      running.cancel();
    }
  }

  /** How all stories went so far, the one that is being told included. */
  StreamTotals stats() {
    StreamTotals totals = new StreamTotals();
    addTo(totals);
    return totals;
  }

  /** Adds the same to a sum. */
  synchronized void addTo(StreamTotals totals) {
    finished.forEach(totals::add);
    if (running != null) {
      totals.add(running.stats());
    }
  }

  /** What came, after the thread has ended. */
  synchronized List<DemoStream> streams() {
    return List.copyOf(streams);
  }

  /** What went wrong, or null. */
  synchronized RuntimeException failure() {
    return failure;
  }

  synchronized int storiesDone() {
    return finished.size();
  }

  @Override
  public void close() {
    client.close();
  }
}
