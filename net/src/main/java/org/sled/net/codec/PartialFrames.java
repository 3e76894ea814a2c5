package org.sled.net.codec;

import org.sled.net.limit.ByteBudget;
import org.sled.net.limit.SlowestPeer;

/**
 * What frames may cost that have not come whole. One for all connections of a server.
 *
 * @param budget what they may hold together, above {@link #FREE_BYTES} of each
 * @param slowestPeer how long one may take
 */
public record PartialFrames(ByteBudget budget, SlowestPeer slowestPeer) {
  /**
   * What each connection may hold in any case, so that nobody who sends blocks depends on what
   * others do: one read.
   */
  public static final int FREE_BYTES = 16 * 1024;
}
