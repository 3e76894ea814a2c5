package org.sled.device;

/**
 * The connection ended under the session; what was committed until then stands. Only who does not
 * wait for another one ({@link Outage#FAIL}) gets to see it.
 */
public final class ConnectionLostException extends SledClientException {
  private static final long serialVersionUID = 1L;

  public ConnectionLostException(String message) {
    super(message);
  }
}
