package org.sled.net.limit;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Bytes that many connections may hold together. Who wants more than is left gets nothing, and says
 * so to its peer. Any thread may use it.
 */
public final class ByteBudget {
  private final long limitBytes;
  private final AtomicLong usedBytes = new AtomicLong();

  /** A budget of which nothing is used. */
  public ByteBudget(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  /** Takes so many bytes, or none and returns false if they are not left. */
  public boolean take(long bytes) {
    if (usedBytes.addAndGet(bytes) > limitBytes) {
      usedBytes.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  /** Gives bytes back that were taken. */
  public void giveBack(long bytes) {
    usedBytes.addAndGet(-bytes);
  }

  /** What is taken now. */
  public long usedBytes() {
    return usedBytes.get();
  }

  /** All that there is. */
  public long limitBytes() {
    return limitBytes;
  }
}
