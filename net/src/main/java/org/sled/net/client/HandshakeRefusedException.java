package org.sled.net.client;

import java.io.IOException;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;

/** The server answered HELLO with an ERROR. */
public final class HandshakeRefusedException extends IOException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;
  private final int retryAfterMillis;

  HandshakeRefusedException(String server, ErrorMessage error) {
    super(server + " refuses the connection: " + error.code() + ": " + error.text());
    this.code = error.code();
    this.retryAfterMillis = error.retryAfterMillis();
  }

  /** Why. */
  public ErrorCode code() {
    return code;
  }

  /** When to try again, ms, or 0 for no hint. */
  public int retryAfterMillis() {
    return retryAfterMillis;
  }
}
