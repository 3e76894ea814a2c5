package org.sled.net.protocol;

/**
 * The tokens that the target wants around a prompt. A draft model's may be others.
 *
 * @param beginToken BOS, −1 for none
 * @param endToken EOS, −1 for none
 * @param flags {@link #ADDS_BEGIN}, {@link #ADDS_END}, both or 0; unknown bits are ignored
 */
public record EndTokens(int beginToken, int endToken, int flags) {
  /** Bytes of the three. */
  public static final int BYTES = 3 * Integer.BYTES;

  /** A prompt begins with the begin token. */
  public static final int ADDS_BEGIN = 1;

  /** A prompt ends with the end token. */
  public static final int ADDS_END = 2;

  /** Of a server of an earlier release: as the device's own tokenizer says. */
  public static final EndTokens UNKNOWN = new EndTokens(-1, -1, 0x80000000);

  /** Refuses ids that are none, and a token that is to be added and is not there. */
  public EndTokens {
    if (beginToken < -1 || endToken < -1) {
      throw new IllegalArgumentException(
          "begin token " + beginToken + " and end token " + endToken + ": ids, or -1");
    }
    if (((flags & ADDS_BEGIN) != 0 && beginToken < 0)
        || ((flags & ADDS_END) != 0 && endToken < 0)) {
      throw new IllegalArgumentException("a begin or end token is to be added, and there is none");
    }
  }

  /** Whether the server said them. */
  public boolean areKnown() {
    return !equals(UNKNOWN);
  }
}
