package org.sled.net.client;

import java.io.IOException;

/** There was a connection, and it ended before WELCOME; what came until then was not wrong. */
public final class HandshakeLostException extends IOException {
  private static final long serialVersionUID = 1L;

  HandshakeLostException(String message) {
    super(message);
  }
}
