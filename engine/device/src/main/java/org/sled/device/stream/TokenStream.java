package org.sled.device.stream;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.sled.device.GenerationEnd;
import org.sled.device.SledClientException;

/**
 * Committed tokens on their way from the draft thread to the application: a bounded queue of ints
 * with an end. The draft thread waits while it is full, so that an application that does not read
 * holds the generation up rather than filling the memory.
 */
public final class TokenStream {
  /** What {@link #take} gives at the end. */
  public static final int END = -1;

  /** Some hundred words ahead of the reader; 4 KiB. */
  private static final int CAPACITY = 1024;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final int[] ring = new int[CAPACITY];
  private int head;
  private int size;
  private final Runnable onCancel;
  private boolean cancelled;
  private SledClientException cancelReason; // null: it was wanted so
  private GenerationEnd end;
  private SledClientException failure;

  public TokenStream() {
    this(() -> {});
  }

  /**
   * Creates it.
   *
   * @param onCancel is run when it is cancelled, by whichever thread does that; idempotent
   */
  public TokenStream(Runnable onCancel) {
    this.onCancel = onCancel;
  }

  /**
   * Draft thread: appends the tokens from one position up to, not including, another, waiting for
   * room.
   */
  public void put(TokenHistory history, int from, int to)
      throws InterruptedException, CancelledException {
    lock.lock();
    try {
      for (int position = from; position < to; position++) {
        while (size == CAPACITY && !cancelled) {
          changed.signalAll();
          changed.await();
        }
        if (cancelled) {
          throw new CancelledException();
        }
        ring[(head + size) % CAPACITY] = history.get(position);
        size++;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Draft thread: no more tokens come. */
  public void end(GenerationEnd why) {
    finish(why, null);
  }

  /** Draft thread: no more tokens come, since it was cancelled. */
  public void endCancelled() {
    lock.lock();
    try {
      finish(cancelReason == null ? GenerationEnd.CANCELLED : null, cancelReason);
    } finally {
      lock.unlock();
    }
  }

  /** Draft thread: no more tokens come, because of this. */
  public void fail(SledClientException why) {
    finish(null, why);
  }

  private void finish(GenerationEnd newEnd, SledClientException newFailure) {
    lock.lock();
    try {
      end = newEnd;
      failure = newFailure;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Any thread: the writer's next {@link #put} throws; what is in the queue can still be read.
   *
   * @param reason what the readers are to get behind that; null for an end like others. The first
   *     one counts
   */
  public void cancel(SledClientException reason) {
    lock.lock();
    try {
      if (!cancelled) {
        cancelled = true;
        cancelReason = reason;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    onCancel.run();
  }

  /**
   * Any thread: the next token, waiting for it; {@link #END} after the last.
   *
   * @throws SledClientException if the generation failed, after the last token
   */
  public int take() throws InterruptedException {
    lock.lock();
    try {
      while (size == 0 && !isOver()) {
        changed.await();
      }
      if (size > 0) {
        int token = ring[head];
        head = (head + 1) % CAPACITY;
        size--;
        changed.signalAll();
        return token;
      }
      if (failure != null) {
        throw failure;
      }
      return END;
    } finally {
      lock.unlock();
    }
  }

  private boolean isOver() {
    return end != null || failure != null;
  }

  /** Any thread: why the tokens ended, or null while they come or after a failure. */
  public GenerationEnd end() {
    lock.lock();
    try {
      return end;
    } finally {
      lock.unlock();
    }
  }
}
