package org.sled.net.channel;

import io.netty.channel.Channel;
import java.util.EnumSet;
import java.util.Set;

/**
 * Whether a connection is read: not while a reason stands against it. What its peer sends then
 * stays in TCP's buffers, and the peer has to wait. Event loop only, but for {@link #isOpen}.
 */
public final class ReadGate {
  /** Why a connection is not read. */
  public enum Reason {
    /** It sent more than its pace allows. */
    PACE,
    /** Much of what it sent still waits to be handled. */
    UNHANDLED,
    /** It does not read the answers to what it sent. */
    ANSWERS
  }

  private final Channel channel;
  private final Set<Reason> reasons = EnumSet.noneOf(Reason.class);
  private volatile boolean open = true;

  /** Creates the gate of a channel that is read. */
  public ReadGate(Channel channel) {
    this.channel = channel;
  }

  /** Reads no further; idempotent. */
  public void close(Reason reason) {
    if (reasons.add(reason) && open) {
      open = false;
      channel.config().setAutoRead(false);
    }
  }

  /** The reason stands no more; idempotent. */
  public void open(Reason reason) {
    if (reasons.remove(reason) && reasons.isEmpty()) {
      open = true;
      channel.config().setAutoRead(true);
    }
  }

  /** Whether this reason stands. */
  public boolean isClosedFor(Reason reason) {
    return reasons.contains(reason);
  }

  /** Whether the connection is read; any thread. */
  public boolean isOpen() {
    return open;
  }
}
