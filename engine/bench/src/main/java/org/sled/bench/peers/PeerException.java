package org.sled.bench.peers;

/** A peer could not be started, or did not do what it was started for; the text is for people. */
public final class PeerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A failure without another behind it. */
  public PeerException(String message) {
    super(message);
  }

  /** A failure with its cause. */
  public PeerException(String message, Throwable cause) {
    super(message, cause);
  }
}
