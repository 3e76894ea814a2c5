package org.sled.net.client;

import java.io.IOException;

/** What answers is no SLED server, or one that breaks the protocol. */
public final class ProtocolException extends IOException {
  private static final long serialVersionUID = 1L;

  ProtocolException(String message) {
    super(message);
  }
}
