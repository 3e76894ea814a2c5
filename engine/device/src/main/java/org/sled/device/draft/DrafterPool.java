package org.sled.device.draft;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.sled.jni.SledException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drafters that are not at work: K/V memory is expensive to get, and a new generation may simply
 * overwrite an old one's. The one that was at work last stays, for whoever generates one text after
 * the other at a reader's pace; the others, of which many generations at a time may have left as
 * many, are freed when they were idle for a while.
 *
 * <p>Any thread. Frees on a thread of its own, which is there only while there is something to
 * free.
 */
public final class DrafterPool implements AutoCloseable {
  /** Long enough for the next text of a batch, short enough for a phone. */
  public static final Duration USUAL_IDLE = Duration.ofSeconds(30);

  private static final Logger LOG = LoggerFactory.getLogger(DrafterPool.class);

  private final Supplier<BlockDrafter> maker;
  private final long idleNanos;
  private final Deque<Idle> idle = new ArrayDeque<>(); // the one that came last is first
  private Thread thread; // null: no more than one is idle
  private boolean closed;

  /** One that is not at work. */
  private record Idle(BlockDrafter drafter, long sinceNanos) {}

  /**
   * A pool.
   *
   * @param maker makes another one
   * @param mostIdle after which they are freed
   */
  public DrafterPool(Supplier<BlockDrafter> maker, Duration mostIdle) {
    this.maker = maker;
    idleNanos = mostIdle.toNanos();
  }

  public BlockDrafter take() {
    synchronized (this) {
      if (!idle.isEmpty()) {
        return idle.pop().drafter();
      }
    }
    return maker.get();
  }

  public void giveBack(BlockDrafter drafter) {
    synchronized (this) {
      if (!closed) {
        idle.push(new Idle(drafter, System.nanoTime()));
        if (idle.size() > 1 && thread == null) {
          thread = new Thread(this::freeIdle, "sled-drafters");
          thread.setDaemon(true);
          thread.start();
        }
        return;
      }
    }
    free(drafter);
  }

  private void freeIdle() {
    try {
      for (BlockDrafter drafter = next(); drafter != null; drafter = next()) {
        free(drafter);
      }
    } catch (InterruptedException e) {
      LOG.warn("idle draft contexts stay, since their thread is interrupted");
    }
  }

  /** The next one to free, waiting for it; null if there is none any more. */
  private synchronized BlockDrafter next() throws InterruptedException {
    while (idle.size() > 1) {
      long left = idle.getLast().sinceNanos() + idleNanos - System.nanoTime();
      if (left <= 0) {
        return idle.removeLast().drafter();
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    thread = null;
    return null;
  }

  private static void free(BlockDrafter drafter) {
    try {
      drafter.close();
    } catch (SledException e) {
      LOG.warn("a draft context is not freed: {}", e.getMessage());
    }
  }

  /** Frees those that are not at work. */
  public void trim() {
    List<Idle> all;
    synchronized (this) {
      all = new ArrayList<>(idle);
      idle.clear();
      notifyAll();
    }
    all.forEach(one -> free(one.drafter()));
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    trim();
  }
}
