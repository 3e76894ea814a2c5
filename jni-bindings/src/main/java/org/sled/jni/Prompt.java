package org.sled.jni;

import java.time.LocalDateTime;

/** What a model is given: a text, and its ids. Immutable. */
public final class Prompt {
  private final String text;
  private final int[] tokens;
  private final LocalDateTime time;

  /**
   * Creates it.
   *
   * @param text as a chat template rendered it, or as it was given
   * @param tokens its ids, begin and end included
   * @param time the date and time that stand in it; null if another time gives the same prompt
   */
  public Prompt(String text, int[] tokens, LocalDateTime time) {
    this.text = text;
    this.tokens = tokens.clone();
    this.time = time;
  }

  public String text() {
    return text;
  }

  /** The ids, begin and end included. */
  public int[] tokens() {
    return tokens.clone();
  }

  /** The date and time that stand in it; null if another time gives the same prompt. */
  public LocalDateTime time() {
    return time;
  }
}
