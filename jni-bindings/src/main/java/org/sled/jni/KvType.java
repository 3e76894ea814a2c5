package org.sled.jni;

/** The type in which a context keeps its K/V cache. */
public enum KvType {
  F16(SledNative.SLED_KV_F16),
  BF16(SledNative.SLED_KV_BF16),
  F32(SledNative.SLED_KV_F32),
  Q8_0(SledNative.SLED_KV_Q8_0),
  Q4_0(SledNative.SLED_KV_Q4_0);

  private final int code;

  KvType(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }
}
