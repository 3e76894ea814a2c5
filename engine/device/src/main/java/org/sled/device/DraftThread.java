package org.sled.device;

/**
 * The thread of one generation: it drafts, sends, waits and commits, and calls the generation's
 * {@link GenerationListener}.
 */
final class DraftThread extends Thread {
  DraftThread(Runnable task, int session) {
    super(task, "sled-draft-" + session);
    setDaemon(true);
  }

  /** Whether the calling thread is one, of whichever generation. */
  static boolean isCurrent() {
    return Thread.currentThread() instanceof DraftThread;
  }

  /**
   * Waits for its end, interrupted or not: a cancelled generation is at most one decode away from
   * it, which is not worth leaking its memory for. An interrupt is kept.
   *
   * <p>A draft thread waits for none, for that could be itself, or one whose listener waits for it.
   */
  void awaitEnd() {
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
