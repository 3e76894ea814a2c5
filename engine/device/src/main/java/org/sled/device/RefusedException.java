package org.sled.device;

import org.sled.net.protocol.ErrorCode;

/** The server answered, and does not do what was asked. */
public class RefusedException extends SledClientException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  public RefusedException(ErrorCode code, String message) {
    super(message);
    this.code = code;
  }

  /** Why. */
  public ErrorCode code() {
    return code;
  }
}
