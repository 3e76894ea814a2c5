package org.sled.server.verify;

import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The thread of a daemon's verifier: calls its duty cycle, and sleeps while there is no work. */
public final class VerifierThread implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(VerifierThread.class);

  private final Verifier verifier;
  private final VerifierInbox inbox;
  private final Consumer<Throwable> onDeath;

  private volatile long turnNanos = System.nanoTime();
  private volatile boolean stopped;

  /**
   * Creates it; run it on a thread of its own, which then owns the verifier and its engine.
   *
   * @param onDeath is told what ended the loop, if not {@link #stop}
   */
  public VerifierThread(Verifier verifier, VerifierInbox inbox, Consumer<Throwable> onDeath) {
    this.verifier = verifier;
    this.inbox = inbox;
    this.onDeath = onDeath;
  }

  /** Ends the loop after the step that it computes; any thread. */
  public void stop() {
    stopped = true;
    inbox.wake();
  }

  /** Those who wait for a session get none here any more; any thread. */
  public void drain() {
    verifier.drain();
    inbox.wake();
  }

  /**
   * When the loop last came round, {@link System#nanoTime}; any thread. An idle loop comes round,
   * too, since its sleep is short.
   */
  public long turnNanos() {
    return turnNanos;
  }

  @Override
  public void run() {
    try {
      while (!stopped) {
        turnNanos = System.nanoTime();
        if (verifier.doWork(turnNanos) == 0) {
          inbox.sleep(verifier.wakeNanos());
        }
      }
    } catch (Throwable e) {
      LOG.error("the verifier thread ends", e);
      onDeath.accept(e);
    } finally {
      inbox.abandon();
      verifier.close();
    }
  }
}
