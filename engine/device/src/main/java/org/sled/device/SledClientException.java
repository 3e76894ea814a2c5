package org.sled.device;

/** Something went wrong between this device and its server; the text says what to do. */
public class SledClientException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public SledClientException(String message) {
    super(message);
  }

  public SledClientException(String message, Throwable cause) {
    super(message, cause);
  }

  /** For who cannot pass an interrupt on as such: the thread stays interrupted. */
  public static SledClientException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new SledClientException("interrupted while waiting for a token", e);
  }
}
