package org.sled.jni;

/** The status codes of {@code sled.h}; the table there says which state survives each of them. */
public enum SledStatus {
  OK(SledNative.SLED_OK),
  /** An argument is outside of its range. */
  ARGUMENT(SledNative.SLED_ERR_ARGUMENT),
  /** The owner is closed. */
  HANDLE(SledNative.SLED_ERR_HANDLE),
  /** Another thread is inside, or what shall be closed is in use. */
  BUSY(SledNative.SLED_ERR_BUSY),
  /** A file could not be opened, read or written. */
  IO(SledNative.SLED_ERR_IO),
  /** The file is not a model that this build can load. */
  FORMAT(SledNative.SLED_ERR_FORMAT),
  /** What was asked for does not fit into memory; the text has the numbers. */
  MEMORY(SledNative.SLED_ERR_MEMORY),
  /** Sound, but not possible with this model or on this machine. */
  UNSUPPORTED(SledNative.SLED_ERR_UNSUPPORTED),
  /** A result buffer is too small. */
  CAPACITY(SledNative.SLED_ERR_CAPACITY),
  /** A token id outside of the vocabulary. */
  TOKEN(SledNative.SLED_ERR_TOKEN),
  /** No session has this id. */
  SESSION(SledNative.SLED_ERR_SESSION),
  /** All sessions or all sequences are taken, this sequence is, or the session has none. */
  NO_SEQUENCE(SledNative.SLED_ERR_NO_SEQUENCE),
  /** A position or count does not fit the session. */
  OFFSET(SledNative.SLED_ERR_OFFSET),
  /** More tokens than the session's context holds. */
  CONTEXT_FULL(SledNative.SLED_ERR_CONTEXT_FULL),
  /** The computation failed; K/V was dropped, committed tokens survive. */
  DECODE(SledNative.SLED_ERR_DECODE),
  /** A bug; close the owner. */
  INTERNAL(SledNative.SLED_ERR_INTERNAL);

  private static final SledStatus[] BY_NEGATED_CODE = values();

  private final int code;

  SledStatus(int code) {
    this.code = code;
  }

  /** The number in {@code sled.h}: 0 or negative. */
  public int code() {
    return code;
  }

  /**
   * The status of a native's result; {@link #INTERNAL} for a number that the header does not know.
   */
  public static SledStatus of(int code) {
    int index = -code;
    return index >= 0 && index < BY_NEGATED_CODE.length ? BY_NEGATED_CODE[index] : INTERNAL;
  }
}
