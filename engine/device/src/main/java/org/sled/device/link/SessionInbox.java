package org.sled.device.link;

import io.netty.buffer.ByteBuf;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.sled.device.ConnectionLostException;
import org.sled.device.stream.CancelledException;

/**
 * What the server says to one session, on its way from the event loop to the draft thread: VERDICT
 * and TOKENS frames as buffers, OPENED and ERROR as messages; before that the connection itself.
 * Bounded; a server within the protocol never fills it, since a session has few blocks in flight
 * and little credit.
 *
 * <p>Connections are numbered: what still comes of one before the newest is dropped.
 */
public final class SessionInbox {
  /** Twice what the credit of a push ({@link PushCredit#MOST}) allows to be under way. */
  private static final int CAPACITY = 2 * PushCredit.MOST;

  private final int session;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Object[] ring = new Object[CAPACITY];
  private final long[] arrivals = new long[CAPACITY]; // ns, of each event in the ring
  private int head;
  private int size;
  private int connection;
  private String lostReason;
  private boolean cancelled;
  private boolean closed;
  private long takenArrivalNanos; // of the event that was taken last; draft thread

  public SessionInbox(int session) {
    this.session = session;
  }

  /** The session that this is for. */
  public int session() {
    return session;
  }

  /** Draft thread: nothing of the connection before is wanted; the number of the next one. */
  int nextConnection() {
    lock.lock();
    try {
      clear();
      lostReason = null;
      return ++connection;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Event loop: adds an event of a connection; a buffer now belongs to the inbox.
   *
   * @param arrivalNanos when it came, by {@link System#nanoTime}
   * @return false if the inbox is full; the event is released then
   */
  boolean offer(int fromConnection, Object event, long arrivalNanos) {
    lock.lock();
    try {
      if (closed || fromConnection != connection) {
        ReferenceCountUtil.release(event);
        return true;
      }
      if (size == CAPACITY) {
        ReferenceCountUtil.release(event);
        return false;
      }
      int tail = (head + size) % CAPACITY;
      ring[tail] = event;
      arrivals[tail] = arrivalNanos;
      size++;
      changed.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Any thread: after what is in the inbox, nothing comes of a connection any more. The first
   * reason stands.
   */
  void lost(int lostConnection, String reason) {
    lock.lock();
    try {
      if (lostConnection == connection && lostReason == null) {
        lostReason = reason;
      }
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Any thread: the draft thread's next look at the inbox throws. */
  public void cancel() {
    lock.lock();
    try {
      cancelled = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Draft thread: whether something waits, be it only bad news. */
  boolean hasNews() {
    lock.lock();
    try {
      return size > 0 || cancelled || lostReason != null;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Draft thread: the next event, whose buffer the caller releases; null if none came in time.
   *
   * @throws ConnectionLostException if no more will come
   */
  Object take(long timeoutNanos) throws InterruptedException, CancelledException {
    lock.lock();
    try {
      long left = timeoutNanos;
      while (size == 0 && !cancelled && lostReason == null) {
        if (left <= 0) {
          return null;
        }
        left = changed.awaitNanos(left);
      }
      if (cancelled) {
        throw new CancelledException();
      }
      if (size == 0) {
        throw new ConnectionLostException("the connection to the server is lost: " + lostReason);
      }
      Object event = ring[head];
      ring[head] = null;
      takenArrivalNanos = arrivals[head];
      head = (head + 1) % CAPACITY;
      size--;
      return event;
    } finally {
      lock.unlock();
    }
  }

  /** Draft thread: when the event came that was taken last. */
  long takenArrivalNanos() {
    return takenArrivalNanos;
  }

  /** Draft thread: waits so long, or until cancelled or lost. */
  void pause(long nanos) throws InterruptedException {
    lock.lock();
    try {
      long left = nanos;
      while (left > 0 && !cancelled && lostReason == null) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Draft thread, at its end: releases what waits, and what still comes. */
  void close() {
    lock.lock();
    try {
      closed = true;
      clear();
    } finally {
      lock.unlock();
    }
  }

  private void clear() {
    for (; size > 0; size--) {
      if (ring[head] instanceof ByteBuf frame) {
        frame.release();
      }
      ring[head] = null;
      head = (head + 1) % CAPACITY;
    }
  }
}
