package org.sled.cli.command;

import java.time.Duration;

/**
 * What a signal does to a text: what runs is cancelled, and what comes before it, such as waiting
 * for a server, is interrupted. Loading a model and rendering a template cannot be interrupted:
 * before a text runs there is nothing to keep, and the process ends soon in any case.
 */
public final class Interruption {
  private static final Duration BEFORE_THE_TEXT = Duration.ofSeconds(1);

  private final Thread main = Thread.currentThread();
  private Runnable cancel; // guarded by this, so too below; null before the text runs
  private boolean requested;

  /** From now on signals come here; on the main thread. */
  public Interruption(Signals signals) {
    signals.onInterrupt(() -> request(signals));
  }

  private synchronized void request(Signals signals) {
    requested = true;
    if (cancel == null) {
      signals.endWithin(BEFORE_THE_TEXT, ExitCodes.INTERRUPTED);
      main.interrupt();
    } else {
      cancel.run();
    }
  }

  /**
   * The text runs, and is cancelled so; at once if a signal came before.
   *
   * @param newCancel returns soon; may be called on the signal's thread
   */
  public synchronized void running(Runnable newCancel) {
    cancel = newCancel;
    if (requested) {
      newCancel.run();
    }
  }

  public synchronized boolean isRequested() {
    return requested;
  }
}
