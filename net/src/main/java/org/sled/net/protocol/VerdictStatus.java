package org.sled.net.protocol;

/** What a VERDICT says about its block as a whole. */
public enum VerdictStatus {
  /** The target looked at the block; its tokens are now committed. */
  VERIFIED(0),
  /** The block starts from something that is not committed; nothing came of it. */
  STALE(1),
  /** The answer was committed before, and is given again. */
  REPEATED(2);

  private static final VerdictStatus[] BY_NUMBER = {VERIFIED, STALE, REPEATED};

  private final int number;

  VerdictStatus(int number) {
    this.number = number;
  }

  /** The number on the wire. */
  public int number() {
    return number;
  }

  /** Whether protocol 1 has a status with this number. */
  public static boolean isKnown(int number) {
    return number >= 0 && number < BY_NUMBER.length;
  }

  /** The status with this number, which must be known. */
  public static VerdictStatus byNumber(int number) {
    return BY_NUMBER[number];
  }
}
