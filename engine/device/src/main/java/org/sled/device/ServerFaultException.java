package org.sled.device;

/** The server contradicts itself, failed, or does not answer; the session is over. */
public final class ServerFaultException extends SledClientException {
  private static final long serialVersionUID = 1L;

  ServerFaultException(String message) {
    super(message);
  }

  ServerFaultException(String message, Throwable cause) {
    super(message, cause);
  }
}
