package org.sled.device.session;

import org.sled.device.GenerationListener;

/**
 * The thread of one generation: it drafts, sends, waits and commits, and calls the generation's
 * {@link GenerationListener}.
 */
public final class DraftThread extends Thread {
  public DraftThread(Runnable task, int session) {
    super(task, "sled-draft-" + session);
    setDaemon(true);
  }

  /** Whether the calling thread is one, of whichever generation. */
  public static boolean isCurrent() {
    return Thread.currentThread() instanceof DraftThread;
  }

  /**
   * Waits for its end, interrupted or not: a cancelled generation is at most one decode away from
   * it, which is not worth leaking its memory for. An interrupt is kept.
   *
   * <p>A draft thread waits for none, for that could be itself, or one whose listener waits for it.
   */
  public void awaitEnd() {
    if (isCurrent()) {
      return;
    }
    boolean interrupted = false;
    while (isAlive()) {
      try {
        join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
