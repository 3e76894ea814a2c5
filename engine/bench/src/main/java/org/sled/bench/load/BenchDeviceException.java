package org.sled.bench.load;

/** A request failed; the text says why, for people. */
public final class BenchDeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A failure with a text for people. */
  public BenchDeviceException(String message, Throwable cause) {
    super(message, cause);
  }
}
