package org.sled.jni;

/** Why a session generates no further. */
public enum Finish {
  /** It goes on. */
  NONE,
  /** The newest committed token ends the generation. */
  STOP,
  /** As many new tokens as were allowed. */
  LENGTH,
  /** The context is full. */
  CONTEXT;

  private static final Finish[] BY_CODE = values();

  /**
   * The meaning of {@link VerifySlots#finish}.
   *
   * @throws IllegalArgumentException for a number that {@code sled.h} does not know
   */
  public static Finish of(int code) {
    if (code < 0 || code >= BY_CODE.length) {
      throw new IllegalArgumentException("no finish has the code " + code);
    }
    return BY_CODE[code];
  }
}
