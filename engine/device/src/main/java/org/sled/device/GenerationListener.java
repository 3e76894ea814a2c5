package org.sled.device;

/**
 * Is told what happens in a generation, when it happens: on the draft thread, which waits for it.
 * For measurements; applications read a {@link Generation}.
 */
public interface GenerationListener {
  /**
   * Tokens were committed, together.
   *
   * @param nanos when, {@link System#nanoTime}
   * @param tokens their ids, at least one
   */
  void tokens(long nanos, int... tokens);

  /** A block was answered; before its tokens. Generations without drafts have none. */
  default void round(RoundTimes times) {}
}
