package org.sled.device;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.sled.net.protocol.TokenIds;

/**
 * The events of one generation, in order; see {@link SledClient#events}. One thread reads them. The
 * draft thread runs ahead of it by at most some hundred events, then waits.
 */
public final class EventStream implements AutoCloseable {
  private static final int CAPACITY = 256;
  private static final long LOOK_MILLIS = 50;

  /** Stands in the queue behind the last event. */
  private static final Object END = new Object();

  private final ArrayBlockingQueue<Object> queue = new ArrayBlockingQueue<>(CAPACITY);
  private volatile boolean closed;
  private Generation generation;
  private boolean ended;

  /** On the draft thread. */
  private final class Writer implements GenerationListener {
    private int verified;

    @Override
    public void tokens(long nanos, int... tokens) {
      put(new StreamEvent.Verified(verified, TokenIds.of(tokens)));
      verified += tokens.length;
    }

    @Override
    public void unverified(int position, int... tokens) {
      put(new StreamEvent.Unverified(position, TokenIds.of(tokens)));
    }

    @Override
    public void revised(int position) {
      put(new StreamEvent.Revision(position));
    }

    @Override
    public void connectionLost(String reason) {
      put(new StreamEvent.ConnectionLost(reason));
    }

    @Override
    public void resumed(ServerInfo server, boolean sameNumerics) {
      put(new StreamEvent.Resumed(server, sameNumerics));
    }

    @Override
    public void ended() {
      put(END);
    }
  }

  EventStream() {}

  GenerationListener writer() {
    return new Writer();
  }

  void of(Generation newGeneration) {
    generation = newGeneration;
  }

  private void put(Object event) {
    try {
      while (!closed && !queue.offer(event, LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
        // Whoever reads is slow.
      }
    } catch (InterruptedException e) {
      throw SledClientException.interrupted(e);
    }
  }

  /**
   * The next event, waiting for it; null after the last.
   *
   * @throws SledClientException if the generation failed; all events before that were given
   * @throws InterruptedException if the waiting thread is interrupted
   */
  public StreamEvent next() throws InterruptedException {
    if (!ended) {
      Object event = queue.take();
      if (event instanceof StreamEvent next) {
        return next;
      }
      ended = true;
    }
    generation.next(); // throws if it failed
    return null;
  }

  /** What it is the stream of: to cancel, and for how it goes. Its tokens come here. */
  public Generation generation() {
    return generation;
  }

  /** Cancels the generation, and waits for its end. Idempotent. */
  @Override
  public void close() {
    closed = true;
    queue.clear();
    generation.close();
    queue.clear();
    queue.add(END);
  }
}
