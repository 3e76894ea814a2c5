package org.sled.net.protocol;

/** Whether and why a session has all its tokens. */
public enum FinishReason {
  /** Not finished. */
  NONE(0),
  /** The newest committed token is an end-of-generation token. */
  STOP(1),
  /** As many new tokens as OPEN asked for. */
  LENGTH(2),
  /** The session's context is full. */
  CONTEXT_FULL(3);

  private static final FinishReason[] BY_NUMBER = {NONE, STOP, LENGTH, CONTEXT_FULL};

  private final int number;

  FinishReason(int number) {
    this.number = number;
  }

  /** The number on the wire. */
  public int number() {
    return number;
  }

  /** Whether protocol 1 has a reason with this number. */
  public static boolean isKnown(int number) {
    return number >= 0 && number < BY_NUMBER.length;
  }

  /** The reason with this number, which must be known. */
  public static FinishReason byNumber(int number) {
    return BY_NUMBER[number];
  }
}
