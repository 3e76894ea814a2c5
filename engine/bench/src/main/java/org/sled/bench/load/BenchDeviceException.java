package org.sled.bench.load;

/** A request failed; the text says why, for people. */
public final class BenchDeviceException extends RuntimeException {
  /** A server that had no room for the request in time: what is to be expected of a full one. */
  public static final String BUSY = "busy";

  /** What is of no other kind. */
  public static final String OTHER = "other";

  private static final long serialVersionUID = 1L;

  private final String kind;

  /** A failure with a text for people. */
  public BenchDeviceException(String message, Throwable cause) {
    this(OTHER, message, cause);
  }

  /**
   * A failure of a kind.
   *
   * @param kind for counting: a word or two in lower case, such as {@link #BUSY}
   */
  public BenchDeviceException(String kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** What it is counted as. */
  public String kind() {
    return kind;
  }
}
