package org.sled.device;

/** The connection ended under the session; what was committed until then stands. */
public final class ConnectionLostException extends SledClientException {
  private static final long serialVersionUID = 1L;

  ConnectionLostException(String message) {
    super(message);
  }
}
