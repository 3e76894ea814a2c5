package org.sled.device;

import org.sled.net.protocol.ErrorCode;

/** The server has no room now. */
public final class BusyException extends RefusedException {
  private static final long serialVersionUID = 1L;

  private final int retryAfterMillis;

  public BusyException(String message, int retryAfterMillis) {
    super(ErrorCode.BUSY, message);
    this.retryAfterMillis = retryAfterMillis;
  }

  /** When to try again, ms; 0 if the server did not say. */
  public int retryAfterMillis() {
    return retryAfterMillis;
  }
}
