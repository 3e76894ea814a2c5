package org.sled.net.codec;

import org.sled.net.protocol.ErrorCode;

/** The other side's mistake in a frame, with the code to answer it with. */
public final class FrameException extends Exception {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  /** Creates an exception without a stack trace: the fault is the peer's, and it may send many. */
  public FrameException(ErrorCode code, String message) {
    super(message, null, false, false);
    this.code = code;
  }

  /** What to answer. */
  public ErrorCode code() {
    return code;
  }
}
