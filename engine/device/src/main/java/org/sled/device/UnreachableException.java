package org.sled.device;

/** No SLED server answers at the address. */
public final class UnreachableException extends SledClientException {
  private static final long serialVersionUID = 1L;

  public UnreachableException(String message, Throwable cause) {
    super(message, cause);
  }
}
