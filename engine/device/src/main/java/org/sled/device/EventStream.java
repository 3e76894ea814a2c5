package org.sled.device;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.sled.net.protocol.TokenIds;

/**
 * The events of one generation, in order; see {@link SledClient#events}. One thread reads them. The
 * draft thread runs ahead of it by at most some hundred events, then waits; what happens after a
 * cancel is not told.
 */
public final class EventStream implements AutoCloseable {
  private static final int CAPACITY = 256;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<StreamEvent> queue = new ArrayDeque<>(CAPACITY);
  private boolean cancelled; // nobody waits for room any more
  private boolean closed; // nobody reads any more
  private boolean ended;
  private Generation generation;

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
    public void waiting(int place, long estimateMillis) {
      put(new StreamEvent.Waiting(place, estimateMillis));
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
      change(() -> ended = true);
    }
  }

  EventStream() {}

  GenerationListener writer() {
    return new Writer();
  }

  void of(Generation newGeneration) {
    generation = newGeneration;
  }

  /** Any thread: the generation is cancelled. */
  void onCancel() {
    change(() -> cancelled = true);
  }

  private void change(Runnable what) {
    lock.lock();
    try {
      what.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void put(StreamEvent event) {
    lock.lock();
    try {
      while (queue.size() == CAPACITY && !cancelled) {
        changed.await(); // whoever reads is slow
      }
      if (!cancelled) {
        queue.add(event);
        changed.signalAll();
      }
    } catch (InterruptedException e) {
      throw SledClientException.interrupted(e);
    } finally {
      lock.unlock();
    }
  }

  /**
   * The next event, waiting for it; null after the last.
   *
   * @throws SledClientException if the generation failed; all events before that were given
   * @throws InterruptedException if the waiting thread is interrupted
   */
  public StreamEvent next() throws InterruptedException {
    lock.lock();
    try {
      while (queue.isEmpty() && !ended && !closed) {
        changed.await();
      }
      StreamEvent event = queue.poll();
      if (event != null) {
        changed.signalAll();
        return event;
      }
      if (closed) {
        return null;
      }
    } finally {
      lock.unlock();
    }
    generation.next(); // throws if it failed
    return null;
  }

  /** What it is the stream of: to cancel, and for how it goes. Its tokens come here. */
  public Generation generation() {
    return generation;
  }

  /**
   * Closes the generation ({@link Generation#close}), and forgets what was not read; whoever waits
   * in {@link #next} gets null. Any thread; idempotent.
   */
  @Override
  public void close() {
    change(
        () -> {
          cancelled = true;
          closed = true;
          queue.clear();
        });
    generation.close();
  }
}
