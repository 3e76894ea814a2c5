package org.sled.device.stream;

import java.util.concurrent.Flow;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.sled.device.SledClientException;

/**
 * The subscription of a {@link PullPublisher}, and the task that makes its signals.
 *
 * <p>One item is fetched before it is asked for: only so can the end be told to a subscriber who
 * has asked for exactly as many as there are.
 */
final class PullSubscription<T> implements Flow.Subscription, Runnable {
  private final PullPublisher.Source<T> source;
  private final Runnable cancelSource;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Under the lock.
  private long demand;
  private boolean cancelled;
  private IllegalArgumentException mistake; // the subscriber's; null: none

  // The task's.
  private Flow.Subscriber<? super T> subscriber; // null when it is over: nobody holds on to it
  private T item;
  private Throwable failure;

  PullSubscription(
      PullPublisher.Source<T> source,
      Runnable cancelSource,
      Flow.Subscriber<? super T> subscriber) {
    this.source = source;
    this.cancelSource = cancelSource;
    this.subscriber = subscriber;
  }

  @Override
  public void request(long count) {
    lock.lock();
    try {
      if (count > 0) {
        long sum = demand + count;
        demand = sum < 0 ? Long.MAX_VALUE : sum; // which is without bound
      } else if (mistake == null) {
        mistake =
            new IllegalArgumentException(
                "request(" + count + "): ask for at least 1 (Reactive Streams, rule 3.9)");
      }
      changed.signal();
    } finally {
      lock.unlock();
    }
    if (count <= 0) {
      cancelSource.run(); // the task may be waiting for it
    }
  }

  @Override
  public void cancel() {
    lock.lock();
    try {
      cancelled = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
    cancelSource.run();
  }

  @Override
  public void run() {
    try {
      subscriber.onSubscribe(this);
      while (fetch() && isWanted()) {
        subscriber.onNext(item);
      }
      end();
    } finally {
      // A subscriber that throws gets no more signals; what it throws is the executor's.
      cancelSource.run();
      subscriber = null;
      item = null;
    }
  }

  /** Waits for the next item; false if none comes. */
  private boolean fetch() {
    try {
      item = source.next();
      return item != null;
    } catch (InterruptedException e) {
      failure = SledClientException.interrupted(e);
    } catch (RuntimeException e) {
      failure = e;
    }
    return false;
  }

  /** Waits until an item is asked for; false if none will be. */
  private boolean isWanted() {
    lock.lock();
    try {
      while (demand == 0 && !cancelled && mistake == null) {
        changed.await();
      }
      if (cancelled || mistake != null) {
        return false;
      }
      demand--;
      return true;
    } catch (InterruptedException e) {
      failure = SledClientException.interrupted(e);
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** The last signal, unless the subscriber wants none. */
  private void end() {
    Throwable why;
    lock.lock();
    try {
      if (cancelled) {
        return;
      }
      // A mistake has the source cancelled, so that its own end says nothing.
      why = mistake == null ? failure : mistake;
    } finally {
      lock.unlock();
    }
    if (why == null) {
      subscriber.onComplete();
    } else {
      subscriber.onError(why);
    }
  }
}
