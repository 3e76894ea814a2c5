package org.sled.device.session;

import org.sled.device.GenerationEnd;
import org.sled.device.GenerationListener;
import org.sled.device.draft.DraftChain;
import org.sled.device.stream.CancelledException;
import org.sled.device.stream.GenerationMeter;
import org.sled.device.stream.TokenHistory;
import org.sled.device.stream.TokenStream;
import org.sled.device.text.StopFinder;
import org.sled.net.protocol.FinishReason;

/**
 * The text of one generation: the committed tokens with the drafts behind them, who gets them, and
 * when they end.
 *
 * <p>While no server is there, drafts can be shown as unverified; they are withdrawn from the first
 * one on that turns out not to stand.
 *
 * <p>Belongs to the draft thread.
 */
final class CommittedTokens {
  private final TokenHistory history;
  private final DraftChain chain;
  private final StopFinder stops;
  private final TokenStream out;
  private final GenerationListener listener; // null: tokens go to the stream
  private final GenerationMeter meter;
  private final int promptTokens;
  private BlockLength lengths;
  private int shownEnd; // drafts before this position were shown
  private GenerationEnd end;

  /**
   * Creates it.
   *
   * @param listener gets the tokens instead of the stream; null for none
   */
  CommittedTokens(
      TokenHistory history,
      DraftChain chain,
      StopFinder stops,
      TokenStream out,
      GenerationListener listener,
      GenerationMeter meter) {
    this.history = history;
    this.chain = chain;
    this.stops = stops;
    this.out = out;
    this.listener = listener;
    this.meter = meter;
    promptTokens = history.committedLength();
  }

  /** From now on, this is how long the text and its blocks may be. */
  void limit(BlockLength newLengths) {
    lengths = newLengths;
  }

  BlockLength lengths() {
    return lengths;
  }

  /** C. */
  int length() {
    return history.committedLength();
  }

  int remaining() {
    return lengths.remainingTokens(length());
  }

  /** Why the text is at its end; null if it is not. */
  GenerationEnd end() {
    return end;
  }

  /** The token at a position, before it is committed; the drafts before it are right. */
  void settle(int position, int token) {
    boolean stands = position < chain.end() && history.get(position) == token;
    chain.settle(position, token);
    if (!stands) {
      withdraw(position);
    }
  }

  /** Forgets all drafts. */
  void dropDrafts() {
    chain.clear();
    withdraw(length());
  }

  /** Hands the tokens up to the given length out, or up to the one that completes a stop string. */
  void commit(int givenLength, FinishReason finishReason)
      throws InterruptedException, CancelledException {
    int oldLength = length();
    int newLength = oldLength;
    boolean stopped = false;
    while (newLength < givenLength && !stopped) {
      stopped = stops.completes(history.get(newLength));
      newLength++;
    }
    chain.commitTo(newLength);
    if (stopped) {
      end = GenerationEnd.STOP_STRING; // whatever the server makes of the tokens behind it
    } else {
      finish(finishReason);
    }
    meter.tokens(newLength - oldLength);
    if (end != null) {
      withdraw(newLength);
    }
    if (listener == null) {
      out.put(history, oldLength, newLength);
    } else {
      listener.tokens(meter.nanoTime(), ids(oldLength, newLength));
    }
    if (shownEnd <= newLength) {
      shownEnd = 0;
    }
  }

  /** Notes that the server is done, or that nothing more is wanted of it. */
  void finish(FinishReason reason) {
    end = GenerationEnd.of(reason);
    if (end == null && remaining() <= 0) {
      end = length() >= lengths.contextTokens() ? GenerationEnd.CONTEXT : GenerationEnd.LENGTH;
    }
  }

  /** Shows the drafts that were not shown yet, as unverified. */
  void showDrafts() {
    int from = Math.max(shownEnd, length());
    if (from < chain.end()) {
      shownEnd = chain.end();
      if (listener != null) {
        listener.unverified(from - promptTokens, ids(from, shownEnd));
      }
    }
  }

  /** Drafts before this position were shown; 0 if none were. */
  int shownEnd() {
    return shownEnd;
  }

  private void withdraw(int position) {
    if (position < shownEnd) {
      shownEnd = position > length() ? position : 0;
      if (listener != null) {
        listener.revised(position - promptTokens);
      }
    }
  }

  private int[] ids(int from, int to) {
    int[] tokens = new int[to - from];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = history.get(from + i);
    }
    return tokens;
  }
}
