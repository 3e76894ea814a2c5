package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;

/** Notes all signals, and that there is never more than one at a time and none after the last. */
final class RecordingSubscriber<T> implements Flow.Subscriber<T> {
  private static final long PATIENCE_SECONDS = 20;

  private final long demand;
  private final BiConsumer<Flow.Subscription, T> onItem;
  private final AtomicBoolean busy = new AtomicBoolean();
  private final CountDownLatch subscribed = new CountDownLatch(1);
  private final CountDownLatch over = new CountDownLatch(1);
  private final List<T> items = new ArrayList<>();
  private Flow.Subscription subscription;
  private boolean completed;
  private Throwable failure;
  private String violation;

  /** Asks for so many items at once; 0: for none. */
  RecordingSubscriber(long demand) {
    this(demand, (subscription, item) -> {});
  }

  /** Does something with each item besides. */
  RecordingSubscriber(long demand, BiConsumer<Flow.Subscription, T> onItem) {
    this.demand = demand;
    this.onItem = onItem;
  }

  @Override
  public void onSubscribe(Flow.Subscription newSubscription) {
    signal(
        () -> {
          subscription = newSubscription;
          subscribed.countDown();
          if (demand > 0) {
            newSubscription.request(demand);
          }
        });
  }

  @Override
  public void onNext(T item) {
    signal(
        () -> {
          synchronized (items) {
            items.add(item);
            items.notifyAll();
          }
          onItem.accept(subscription, item);
        });
  }

  @Override
  public void onError(Throwable why) {
    signal(() -> failure = why);
    over.countDown();
  }

  @Override
  public void onComplete() {
    signal(() -> completed = true);
    over.countDown();
  }

  private void signal(Runnable what) {
    if (!busy.compareAndSet(false, true)) {
      violation = "two signals at a time";
    }
    if (over.getCount() == 0) {
      violation = "a signal after the last";
    }
    try {
      what.run();
    } finally {
      busy.set(false);
    }
  }

  Flow.Subscription subscription() throws InterruptedException {
    assertTrue(subscribed.await(PATIENCE_SECONDS, TimeUnit.SECONDS), "no subscription");
    return subscription;
  }

  /** Waits until so many items have come. */
  List<T> awaitItems(int count) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    synchronized (items) {
      while (items.size() < count && System.nanoTime() - deadline < 0) {
        items.wait(100);
      }
    }
    return items();
  }

  List<T> items() {
    synchronized (items) {
      return List.copyOf(items);
    }
  }

  boolean isOver() {
    return over.getCount() == 0;
  }

  /** Waits for the last signal; its failure, or null if it is completion. */
  Throwable awaitEnd() throws InterruptedException {
    assertTrue(over.await(PATIENCE_SECONDS, TimeUnit.SECONDS), () -> "no end after " + items());
    assertTrue(violation == null, () -> violation);
    assertTrue(completed == (failure == null), "both ends, or none");
    return failure;
  }
}
