package org.sled.jni;

/** How a {@link VerifyEngine} lays out its K/V cache. */
public enum KvLayout {
  /**
   * Each sequence has cells of its own. A pass takes sequences with consecutive numbers and equally
   * many rows; others are padded, or take passes of their own.
   */
  SPLIT(SledNative.SLED_KV_LAYOUT_SPLIT),
  /**
   * One set of cells for all. A pass takes any rows, which all look through the cells of all;
   * shared K/V is not copied. Fast numerics only.
   */
  UNIFIED(SledNative.SLED_KV_LAYOUT_UNIFIED);

  private final int code;

  KvLayout(int code) {
    this.code = code;
  }

  static int codeOf(KvLayout wish) {
    return wish == null ? SledNative.SLED_KV_LAYOUT_AUTO : wish.code;
  }

  static KvLayout of(int code) {
    return code == UNIFIED.code ? UNIFIED : SPLIT;
  }
}
