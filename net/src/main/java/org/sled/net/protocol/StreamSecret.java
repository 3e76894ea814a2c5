package org.sled.net.protocol;

/**
 * What the owner of a stream knows of it and nobody else: 128 random bits, which come with OPENED.
 * A server goes on with a stream that it still has for whoever shows them.
 *
 * @param high its first 64 bits
 * @param low its last 64 bits
 */
public record StreamSecret(long high, long low) {
  /** There is none: all bits are zero. */
  public static final StreamSecret NONE = new StreamSecret(0, 0);

  /** Bytes in a frame. */
  public static final int BYTES = 2 * Long.BYTES;

  /** Whether there is none. */
  public boolean isNone() {
    return equals(NONE);
  }

  /** Says only whether there is one: secrets do not belong in logs. */
  @Override
  public String toString() {
    return isNone() ? "no secret" : "a secret";
  }
}
