package org.sled.device;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import org.sled.device.stream.PullPublisher;
import org.sled.device.text.TextDecoder;

/**
 * A generation's text as it comes, in pieces of whole characters, up to a stop string; see {@link
 * Generation#text}. It takes the generation's tokens: who reads both has some here and some there.
 * One thread at a time.
 */
public final class TextStream implements Iterable<String> {
  private final Generation generation;
  private final TextDecoder decoder;

  TextStream(Generation generation, TextDecoder decoder) {
    this.generation = generation;
    this.decoder = decoder;
  }

  /**
   * The next piece, waiting for it; never empty. Null after the last.
   *
   * @throws SledClientException if the generation failed; all text before that was given
   * @throws InterruptedException if the waiting thread is interrupted
   */
  public String next() throws InterruptedException {
    String piece = "";
    while (piece.isEmpty()) {
      int token;
      try {
        token = generation.next();
      } catch (SledClientException e) {
        String rest = decoder.flush();
        if (rest.isEmpty()) {
          throw e;
        }
        return rest; // whoever asks again gets the failure again
      }
      if (token == Generation.END) {
        String rest = decoder.flush();
        return rest.isEmpty() ? null : rest;
      }
      piece = decoder.feed(token);
    }
    return piece;
  }

  /**
   * Reads to the end.
   *
   * @return the text that nobody has read yet
   * @throws SledClientException if the generation failed
   * @throws InterruptedException if the waiting thread is interrupted
   */
  public String remaining() throws InterruptedException {
    StringBuilder text = new StringBuilder();
    for (String piece = next(); piece != null; piece = next()) {
      text.append(piece);
    }
    return text.toString();
  }

  /**
   * The pieces as they come. {@code hasNext} waits; when interrupted, it cancels the generation,
   * keeps the interrupt, and throws a {@link SledClientException}.
   */
  @Override
  public Iterator<String> iterator() {
    return new Iterator<>() {
      private boolean known;
      private String next;

      @Override
      public boolean hasNext() {
        if (!known) {
          try {
            next = TextStream.this.next();
          } catch (InterruptedException e) {
            generation.cancel();
            throw SledClientException.interrupted(e);
          }
          known = true;
        }
        return next != null;
      }

      @Override
      public String next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        known = false;
        return next;
      }
    };
  }

  /** The pieces for one subscriber; everything else as with {@link Generation#publisher()}. */
  public Flow.Publisher<String> publisher() {
    return publisher(PullPublisher.OWN_THREAD);
  }

  /**
   * The text as a publisher on a thread of the executor; see {@link
   * Generation#publisher(Executor)}.
   */
  public Flow.Publisher<String> publisher(Executor executor) {
    return generation.publisherOf(this::next, executor);
  }
}
