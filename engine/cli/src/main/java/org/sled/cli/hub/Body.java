package org.sled.cli.hub;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The body of an answer, read by one thread. Two things are other than in the JDK's stream: what
 * came before a connection was cut is given before the cut is, since a file goes on behind it; and
 * a body that brings next to nothing for a while, or takes too long as a whole, fails.
 */
final class Body implements BodySubscriber<Body>, AutoCloseable {
  private static final Object END = new Object();
  private static final long SLICE_MILLIS = 1000;

  private final CompletableFuture<Body> begun = CompletableFuture.completedFuture(this);
  // At most one list of buffers and an end: the next list is asked for when one is used up.
  private final LinkedBlockingQueue<Object> queue = new LinkedBlockingQueue<>();
  private final Duration stall;
  private volatile Flow.Subscription subscription;
  private volatile boolean closed;
  private final ArrayDeque<ByteBuffer> buffers = new ArrayDeque<>(); // the reader's, so too below
  private boolean ended;
  private long received;
  private long seen;
  private long seenNanos = System.nanoTime();
  private long endNanos;
  private boolean ends;

  /** A body that may bring less than {@link Patience#LEAST_BYTES_PER_SECOND} for so long. */
  Body(Duration stall) {
    this.stall = stall;
  }

  /** All of it is to be there within this time from now on. */
  void endWithin(Duration time) {
    ends = true;
    endNanos = System.nanoTime() + time.toNanos();
  }

  @Override
  public CompletionStage<Body> getBody() {
    return begun;
  }

  @Override
  public void onSubscribe(Flow.Subscription newSubscription) {
    subscription = newSubscription;
    if (closed) {
      newSubscription.cancel();
    } else {
      newSubscription.request(1);
    }
  }

  @Override
  public void onNext(List<ByteBuffer> item) {
    boolean unused = queue.add(item); // has no bound of its own
  }

  @Override
  public void onError(Throwable failure) {
    boolean unused = queue.add(failure);
  }

  @Override
  public void onComplete() {
    boolean unused = queue.add(END);
  }

  /**
   * Reads some bytes.
   *
   * @return how many; -1 at the end
   * @throws IOException if the rest does not come
   */
  int read(byte[] bytes) throws IOException, InterruptedException {
    while (!ended && (buffers.isEmpty() || !buffers.peek().hasRemaining())) {
      if (buffers.poll() == null) {
        take();
      } else if (buffers.isEmpty()) {
        subscription.request(1);
      }
    }
    if (ended) {
      return -1;
    }
    checkSpeed();
    ByteBuffer next = buffers.peek();
    int count = Math.min(bytes.length, next.remaining());
    next.get(bytes, 0, count);
    received += count;
    return count;
  }

  @SuppressWarnings("unchecked") // onNext puts it there
  private void take() throws IOException, InterruptedException {
    Object next = queue.poll(sliceMillis(), TimeUnit.MILLISECONDS);
    if (next == null) {
      checkSpeed();
    } else if (next == END) {
      ended = true;
    } else if (next instanceof Throwable failure) {
      throw new IOException("the connection was cut", failure);
    } else {
      buffers.addAll((List<ByteBuffer>) next);
      if (buffers.isEmpty()) {
        subscription.request(1);
      }
    }
  }

  private long sliceMillis() {
    return Math.max(1, Math.min(SLICE_MILLIS, stall.toMillis() / 4));
  }

  private void checkSpeed() throws IOException {
    long now = System.nanoTime();
    boolean late = ends && now - endNanos > 0;
    if (now - seenNanos >= stall.toNanos()) {
      long least = Math.max(1, Patience.LEAST_BYTES_PER_SECOND * stall.toMillis() / 1000);
      late |= received - seen < least;
      seen = received;
      seenNanos = now;
    }
    if (late) {
      throw new IOException("it stopped sending");
    }
  }

  /** What is left is not wanted. */
  @Override
  public void close() {
    closed = true;
    Flow.Subscription wanted = subscription;
    if (wanted != null) {
      wanted.cancel();
    }
  }
}
