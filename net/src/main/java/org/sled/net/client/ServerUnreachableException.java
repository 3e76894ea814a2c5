package org.sled.net.client;

import java.io.IOException;

/** No connection to the server; the text says what to check. */
public final class ServerUnreachableException extends IOException {
  private static final long serialVersionUID = 1L;

  ServerUnreachableException(String message, Throwable cause) {
    super(message, cause);
  }
}
