package org.sled.device;

/**
 * Is told what happens in a generation, in order and when it happens: on the draft thread, which
 * waits for it. For measurements, and for applications that want more than the verified tokens that
 * a {@link Generation} gives. It may cancel or close generations and the client, which then do not
 * wait for their ends.
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

  /**
   * No server has room now, and the generation waits ({@link Busy#WAIT}); told again when its place
   * has changed.
   *
   * @param place 1 for who is next; 0: not known, the server is asked again later
   * @param estimateMillis until there is room, or it is asked again, ms; 0: not known
   */
  default void waiting(int place, long estimateMillis) {}

  /** There is room: the generation that waited goes on. */
  default void admitted() {}

  /** The server is gone, and the generation waits for it or another one. */
  default void connectionLost(String reason) {}

  /**
   * The draft model went on alone ({@link Outage#LOCAL}): these tokens are unverified. Later they
   * come again, as committed {@link #tokens}, or are withdrawn.
   *
   * @param position of the first of them, counted from the first token behind the prompt
   * @param tokens their ids, at least one
   */
  default void unverified(int position, int... tokens) {}

  /**
   * The unverified tokens from a position on are withdrawn; before what comes in their place.
   *
   * @param position counted from the first token behind the prompt
   */
  default void revised(int position) {}

  /**
   * The stream goes on over another connection.
   *
   * @param server at its other end
   * @param sameNumerics whether its numerics id is that of the server before; if not, the text may
   *     differ from the one that server would have given
   */
  default void resumed(ServerInfo server, boolean sameNumerics) {}

  /** The generation is over, whatever the reason; the last call. */
  default void ended() {}
}
