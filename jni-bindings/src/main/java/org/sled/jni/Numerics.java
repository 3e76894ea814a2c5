package org.sled.jni;

/** What an engine promises about bits. */
public enum Numerics {
  /**
   * A row's logits do not depend on what else is in the batch: the same text whatever is drafted.
   */
  EXACT(SledNative.SLED_NUMERICS_EXACT),

  /** Any shape and kernel: now and then another token than the target's alone comes out. */
  FAST(SledNative.SLED_NUMERICS_FAST);

  private final int code;

  Numerics(int code) {
    this.code = code;
  }

  /** The code of a wish; null: exact where that is possible, else fast. */
  static int codeOf(Numerics wish) {
    return wish == null ? SledNative.SLED_NUMERICS_AUTO : wish.code;
  }

  static Numerics of(int code) {
    for (Numerics numerics : values()) {
      if (numerics.code == code) {
        return numerics;
      }
    }
    throw new IllegalStateException("numerics " + code + " is unknown");
  }
}
