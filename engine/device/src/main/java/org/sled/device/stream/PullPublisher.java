package org.sled.device.stream;

import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.sled.device.SledClientException;

/**
 * What can only be waited for, as a publisher for one subscriber. A thread, which waits for the
 * next item and for somebody to want it, makes all signals, so that they come one after the other
 * and never from within {@code request}.
 *
 * @param <T> what is published
 */
public final class PullPublisher<T> implements Flow.Publisher<T> {
  /** A daemon thread for each subscription. */
  public static final Executor OWN_THREAD =
      task -> {
        Thread thread = new Thread(task, "sled-publisher");
        thread.setDaemon(true);
        thread.start();
      };

  /** Where items come from. */
  public interface Source<T> {
    /**
     * The next item, waiting for it; null at the end.
     *
     * @throws SledClientException if there will be none because something went wrong
     */
    T next() throws InterruptedException;
  }

  private final Source<T> source;
  private final Runnable cancel;
  private final Executor executor;
  private final AtomicBoolean taken;

  /**
   * Creates one.
   *
   * @param cancel has the source come to its end soon, if it has not; any thread, idempotent
   * @param executor runs one task for the subscription, on another thread than the caller's
   * @param taken whether somebody has subscribed to the source already
   */
  public PullPublisher(Source<T> source, Runnable cancel, Executor executor, AtomicBoolean taken) {
    this.source = source;
    this.cancel = cancel;
    this.executor = executor;
    this.taken = taken;
  }

  @Override
  public void subscribe(Flow.Subscriber<? super T> subscriber) {
    Objects.requireNonNull(subscriber, "subscriber");
    if (!taken.compareAndSet(false, true)) {
      refuse(subscriber, new IllegalStateException("a generation takes one subscriber"));
      return;
    }
    try {
      executor.execute(new PullSubscription<T>(source, cancel, subscriber));
    } catch (RejectedExecutionException e) {
      cancel.run();
      refuse(subscriber, e);
    }
  }

  /** Even who gets nothing else gets a subscription first. */
  private static void refuse(Flow.Subscriber<?> subscriber, Throwable why) {
    subscriber.onSubscribe(
        new Flow.Subscription() {
          @Override
          public void request(long count) {}

          @Override
          public void cancel() {}
        });
    subscriber.onError(why);
  }
}
