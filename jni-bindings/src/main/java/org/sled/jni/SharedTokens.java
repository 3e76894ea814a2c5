package org.sled.jni;

/**
 * Which ids of a target mean the same token in a draft model: those that both spell in the same
 * bytes. Two models whose tokenizers differ otherwise, be it in types, merges or what is put around
 * a text, still say the same with these. Immutable; any thread.
 */
public final class SharedTokens {
  private final byte[] isShared; // by id of the target: 1 or 0
  private final int count;

  private SharedTokens(byte[] isShared) {
    this.isShared = isShared;
    int sum = 0;
    for (byte one : isShared) {
      sum += one;
    }
    count = sum;
  }

  /**
   * Compares all tokens of the target, in some ten milliseconds for 150,000.
   *
   * @param target its vocabulary is enough; so too for the draft model
   */
  public static SharedTokens of(Model target, Model draft) {
    int tokens = target.info().vocabularyTokens();
    try (Scratch shared = Scratch.ofBytes(tokens)) {
      NativeCall.check(
          SledNative.sled_tokens_compare(target.handle(), draft.handle(), shared.address(), tokens),
          "compare the tokens of two models");
      return new SharedTokens(shared.bytes(0, tokens));
    }
  }

  /** Whether this is one of the target's tokens, and the same in the draft model. Any id. */
  public boolean contains(int token) {
    return Integer.compareUnsigned(token, isShared.length) < 0 && isShared[token] != 0;
  }

  /** How many of the target's ids are shared. */
  public int count() {
    return count;
  }

  /** How many tokens the target has. */
  public int targetTokens() {
    return isShared.length;
  }

  /** The lowest id of the target that is not shared, or -1 if all are. */
  public int firstDifference() {
    for (int token = 0; token < isShared.length; token++) {
      if (isShared[token] == 0) {
        return token;
      }
    }
    return -1;
  }
}
