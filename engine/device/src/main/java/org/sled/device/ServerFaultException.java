package org.sled.device;

/** The server contradicts itself, failed, or does not answer; the session is over. */
public final class ServerFaultException extends SledClientException {
  private static final long serialVersionUID = 1L;

  public ServerFaultException(String message) {
    super(message);
  }

  public ServerFaultException(String message, Throwable cause) {
    super(message, cause);
  }
}
