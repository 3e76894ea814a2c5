package org.sled.jni.oracle;

/** Philox4x32-10. Words are unsigned: 32 bits in an {@code int}. */
public final class Philox {
  private static final long M0 = 0xD2511F53L;
  private static final long M1 = 0xCD9E8D57L;
  private static final int KEY_STEP_0 = 0x9E3779B9;
  private static final int KEY_STEP_1 = 0xBB67AE85;
  private static final int ROUNDS = 10;

  private Philox() {}

  /** The four words for a counter of four words and a key of two. */
  public static int[] words(int[] counter, int[] key) {
    int[] c = counter.clone();
    int[] k = key.clone();
    for (int round = 1; round <= ROUNDS; round++) {
      c =
          new int[] {
            high(M1, c[2]) ^ c[1] ^ k[0], low(M1, c[2]), high(M0, c[0]) ^ c[3] ^ k[1], low(M0, c[0])
          };
      k = new int[] {k[0] + KEY_STEP_0, k[1] + KEY_STEP_1};
    }
    return c;
  }

  private static int high(long multiplier, int word) {
    return (int) ((multiplier * Integer.toUnsignedLong(word)) >>> 32);
  }

  private static int low(long multiplier, int word) {
    return (int) (multiplier * Integer.toUnsignedLong(word));
  }
}
