package org.sled.device;

import java.util.Arrays;
import java.util.NoSuchElementException;
import java.util.PrimitiveIterator;

/**
 * A running generation: a stream of committed tokens, each exactly what the target alone would have
 * given. Any thread may use it; several readers share the tokens among them.
 *
 * <p>The draft thread runs ahead of the reader by at most about a thousand tokens, then waits. A
 * generation that is not wanted any more must be cancelled or closed.
 */
public final class Generation implements Iterable<Integer>, AutoCloseable {
  /** What {@link #next} gives after the last token. */
  public static final int END = TokenStream.END;

  private final TokenStream tokens;
  private final SessionInbox inbox;
  private final GenerationMeter meter;
  private final Thread draftThread;

  Generation(TokenStream tokens, SessionInbox inbox, GenerationMeter meter, Thread draftThread) {
    this.tokens = tokens;
    this.inbox = inbox;
    this.meter = meter;
    this.draftThread = draftThread;
  }

  /**
   * The next committed token, waiting for it, or {@link #END}.
   *
   * @throws SledClientException if the generation failed; all tokens before that were given
   * @throws InterruptedException if the waiting thread is interrupted
   */
  public int next() throws InterruptedException {
    return tokens.take();
  }

  /**
   * Reads to the end.
   *
   * @return the tokens that nobody has read yet
   * @throws SledClientException if the generation failed
   * @throws InterruptedException if the waiting thread is interrupted
   */
  public int[] remainingTokens() throws InterruptedException {
    int[] ids = new int[64];
    int count = 0;
    for (int token = next(); token != END; token = next()) {
      if (count == ids.length) {
        ids = Arrays.copyOf(ids, 2 * count);
      }
      ids[count++] = token;
    }
    return Arrays.copyOf(ids, count);
  }

  /**
   * The tokens as they come. {@code hasNext} waits; when interrupted, it cancels the generation,
   * keeps the interrupt, and throws a {@link SledClientException}.
   */
  @Override
  public PrimitiveIterator.OfInt iterator() {
    return new PrimitiveIterator.OfInt() {
      private boolean known;
      private int next;

      @Override
      public boolean hasNext() {
        if (!known) {
          try {
            next = Generation.this.next();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            cancel();
            throw new SledClientException("interrupted while waiting for a token", e);
          }
          known = true;
        }
        return next != END;
      }

      @Override
      public int nextInt() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        known = false;
        return next;
      }
    };
  }

  /** Ends the generation soon; what is committed can still be read. Idempotent. */
  public void cancel() {
    tokens.cancel();
    inbox.cancel();
  }

  /** Why the generation ended; null while it runs, and after it failed. */
  public GenerationEnd end() {
    return tokens.end();
  }

  /** How it goes, or went. */
  public GenerationStats stats() {
    return meter.snapshot();
  }

  /** Cancels, and waits for the draft thread to have let go of everything. Idempotent. */
  @Override
  public void close() {
    cancel();
    boolean interrupted = false;
    while (draftThread.isAlive()) {
      try {
        draftThread.join();
      } catch (InterruptedException e) {
        // It is at most one decode away from its end: not worth leaking its memory for.
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
