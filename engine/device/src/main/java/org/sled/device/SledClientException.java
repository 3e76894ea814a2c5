package org.sled.device;

/** Something went wrong between this device and its server; the text says what to do. */
public class SledClientException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  SledClientException(String message) {
    super(message);
  }

  SledClientException(String message, Throwable cause) {
    super(message, cause);
  }
}
