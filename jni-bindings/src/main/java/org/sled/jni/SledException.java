package org.sled.jni;

/** A native call failed, or an owner was used after closing. */
public final class SledException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final SledStatus status;

  public SledException(SledStatus status, String message) {
    super(message);
    this.status = status;
  }

  public SledException(SledStatus status, String message, Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /** Why, and so what survives: see the table in {@code sled.h}. */
  public SledStatus status() {
    return status;
  }
}
