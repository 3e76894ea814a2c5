package org.sled.device;

import org.sled.net.protocol.TokenIds;

/**
 * What happens to the text of a generation, in order: an application that follows all of it shows
 * the target's text, and while no server is there perhaps what the draft model makes of it. All
 * positions count from the first token behind the prompt.
 */
public sealed interface StreamEvent {
  /**
   * Tokens of the target: they stand. They come also where they were shown as unverified.
   *
   * @param position of the first of them; as many as there were verified tokens before
   * @param tokens at least one
   */
  record Verified(int position, TokenIds tokens) implements StreamEvent {}

  /**
   * Tokens of the draft model, while no server is there ({@link Outage#LOCAL}). Later they are
   * verified or withdrawn.
   *
   * @param position of the first of them, behind all that was shown
   * @param tokens at least one
   */
  record Unverified(int position, TokenIds tokens) implements StreamEvent {}

  /**
   * Unverified tokens are withdrawn; before the verified ones that stand in their place.
   *
   * @param position of the first of them
   */
  record Revision(int position) implements StreamEvent {}

  /**
   * The server is gone, and another connection is being looked for.
   *
   * @param reason for people
   */
  record ConnectionLost(String reason) implements StreamEvent {}

  /**
   * No server has room now, and the generation waits ({@link Busy#WAIT}). It comes again when its
   * place has changed.
   *
   * @param place 1 for who is next; 0: not known, the server is asked again later
   * @param estimateMillis until there is room, or it is asked again, ms; 0: not known
   */
  record Waiting(int place, long estimateMillis) implements StreamEvent {}

  /**
   * The stream goes on over another connection.
   *
   * @param server at its other end
   * @param sameNumerics whether its numerics id is that of the server before; if not, the text may
   *     differ from the one that server would have given
   */
  record Resumed(ServerInfo server, boolean sameNumerics) implements StreamEvent {}
}
