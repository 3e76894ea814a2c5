package org.sled.device;

import java.util.Arrays;
import java.util.NoSuchElementException;
import java.util.PrimitiveIterator;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import org.sled.device.link.SessionInbox;
import org.sled.device.session.DraftThread;
import org.sled.device.stream.GenerationMeter;
import org.sled.device.stream.PullPublisher;
import org.sled.device.stream.TokenStream;
import org.sled.device.text.TextDecoder;

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
  private final DraftThread draftThread;
  private final TextStream text; // null: there is no tokenizer
  private final AtomicBoolean hasSubscriber = new AtomicBoolean();

  /**
   * Creates the application's side of a generation.
   *
   * @param decoder turns its tokens into text; null if nobody can
   */
  Generation(
      TokenStream tokens,
      SessionInbox inbox,
      GenerationMeter meter,
      DraftThread draftThread,
      TextDecoder decoder) {
    this.tokens = tokens;
    this.inbox = inbox;
    this.meter = meter;
    this.draftThread = draftThread;
    text = decoder == null ? null : new TextStream(this, decoder);
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
            cancel();
            throw SledClientException.interrupted(e);
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

  /**
   * The tokens as text, cut before a stop string; always the same object. It reads this generation:
   * take tokens or text, not both.
   *
   * @throws IllegalStateException if the client has no draft model, and so no tokenizer
   */
  public TextStream text() {
    if (text == null) {
      throw new IllegalStateException(
          "this client has no draft model, so it cannot turn tokens into text");
    }
    return text;
  }

  /**
   * The tokens for one subscriber, who is told them on a daemon thread of its own; see {@link
   * #publisher(Executor)}.
   */
  public Flow.Publisher<Integer> publisher() {
    return publisher(PullPublisher.OWN_THREAD);
  }

  /**
   * The tokens for one subscriber. Nothing is read before there is one, and then only what is asked
   * for and one token more, so that a slow subscriber holds the generation up (see above) and
   * nothing else.
   *
   * <p>{@code onComplete} follows the last token, also that of a generation that was cancelled here
   * ({@link #end} says why it ended); {@code onError} tells what {@link #next} would throw.
   * Cancelling the subscription cancels the generation. Who subscribes second, to this publisher or
   * another one of this generation, gets an {@link IllegalStateException}.
   *
   * <p>The generation remains the caller's to close, before its client: the last signal can come
   * before the draft thread has put everything away.
   *
   * @param executor runs one task for as long as the subscription lasts, which waits most of that
   *     time; so it takes a thread for each subscription, such as a virtual one, and must not run
   *     tasks on the thread that subscribes
   */
  public Flow.Publisher<Integer> publisher(Executor executor) {
    return publisherOf(
        () -> {
          int token = next();
          return token == END ? null : Integer.valueOf(token);
        },
        executor);
  }

  /** What is made of this generation's tokens, for its one subscriber. */
  <T> Flow.Publisher<T> publisherOf(PullPublisher.Source<T> source, Executor executor) {
    return new PullPublisher<>(source, this::cancel, executor, hasSubscriber);
  }

  /**
   * Ends the generation soon; what is committed can still be read. Returns at once, on any thread,
   * a listener's included. Idempotent.
   */
  public void cancel() {
    tokens.cancel(null);
    inbox.cancel();
  }

  /** Ends the generation; its readers get a failure behind what is committed. */
  public void fail(SledClientException why) {
    tokens.cancel(why);
    inbox.cancel();
  }

  /** Why the generation ended; null while it runs, and after it failed. */
  public GenerationEnd end() {
    return tokens.end();
  }

  /**
   * How it goes, or went. It copies histograms, some hundred kilobytes: for now and then, not for
   * every token.
   */
  public GenerationStats stats() {
    return meter.snapshot();
  }

  /**
   * Cancels, and waits for the draft thread to have let go of everything: for the call of the draft
   * model that is at work, a quarter of a second or so, and for a listener that is. An interrupt
   * does not shorten that, and is kept. Any thread; a listener ({@link GenerationListener}), of
   * this generation or of another one, does not wait, so that it never waits for itself.
   * Idempotent.
   */
  @Override
  public void close() {
    cancel();
    awaitEnd();
  }

  /** Waits for the draft thread, unless the calling thread is one. */
  public void awaitEnd() {
    draftThread.awaitEnd();
  }
}
