package org.sled.cli.hub;

/** A model cannot be fetched; the text is for the user and says what to do. */
public final class HubException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What kind of reason there is. */
  enum Kind {
    /** The user wrote something that is no name. */
    USAGE,
    /** Nobody answers: what the cache has may do instead. */
    UNREACHABLE,
    /** The hub says no, or what it gives is of no use. */
    REFUSED,
    /** This machine cannot store it. */
    STORAGE
  }

  private final Kind kind;

  HubException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  HubException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  Kind kind() {
    return kind;
  }

  /** Whether the command line is wrong, and not the world. */
  public boolean isUsage() {
    return kind == Kind.USAGE;
  }
}
