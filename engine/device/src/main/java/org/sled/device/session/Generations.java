package org.sled.device.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.sled.device.Generation;
import org.sled.device.SledClientException;

/** The generations of a client that run, so that they can be ended with it. Any thread. */
public final class Generations {
  private final Map<Thread, Generation> running = new HashMap<>();
  private boolean closed;

  /**
   * Starts a generation's thread, whose task tells when it is over ({@link #ended}).
   *
   * @throws SledClientException if the client is closed
   * @throws OutOfMemoryError if there is no thread to be had
   */
  public synchronized void start(DraftThread thread, Generation generation) {
    if (closed) {
      throw closedClient();
    }
    running.put(thread, generation);
    boolean started = false;
    try {
      thread.start();
      started = true;
    } finally {
      if (!started) {
        running.remove(thread);
      }
    }
  }

  /** The calling thread's generation is over. */
  public synchronized void ended() {
    running.remove(Thread.currentThread());
  }

  /** Has all that run fail soon; none can be started any more. Returns at once. */
  public void failAll() {
    List<Generation> all = stop();
    all.forEach(generation -> generation.fail(closedClient()));
  }

  private synchronized List<Generation> stop() {
    closed = true;
    return all();
  }

  private synchronized List<Generation> all() {
    return new ArrayList<>(running.values());
  }

  /** Waits until none runs any more; not on a draft thread. */
  public void awaitEnds() {
    all().forEach(Generation::awaitEnd);
  }

  private static SledClientException closedClient() {
    return new SledClientException("this client is closed");
  }
}
