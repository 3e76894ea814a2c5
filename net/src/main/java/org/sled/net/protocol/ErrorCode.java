package org.sled.net.protocol;

/** What an ERROR frame says went wrong. The numbers are frozen; new codes get new numbers. */
public enum ErrorCode {
  /** The connection does not begin with a HELLO of this protocol. */
  MAGIC(1),
  /** No protocol version in common. */
  VERSION(2),
  /** The auth token is missing or wrong. */
  AUTH(3),
  /** A frame announces more bytes than are allowed at this point. */
  FRAME_TOO_LARGE(4),
  /** A frame contradicts its own layout, or stands where it must not. */
  MALFORMED(5),
  /** A frame type below 0x80 that this side does not know. */
  UNKNOWN_TYPE(6),
  /** The draft model's tokenizer is not the target's. */
  TOKENIZER_MISMATCH(7),
  /** The frame names a session that is not open on this connection. */
  UNKNOWN_SESSION(8),
  /** OPEN or RESUME names a session that is open already. */
  SESSION_EXISTS(9),
  /** The frame's epoch is ahead of the session's. */
  EPOCH(10),
  /** The block starts where no predecessor of this epoch can lead. */
  OFFSET(11),
  /** A token id lies outside the vocabulary. */
  TOKEN_RANGE(12),
  /** The block has more drafts than the server's limit. */
  BLOCK_TOO_LONG(13),
  /** The prompt has more tokens than the server's limit. */
  PROMPT_TOO_LONG(14),
  /** No room now; try again after the retry hint. */
  BUSY(15),
  /** A feature that this side does not have. */
  UNSUPPORTED(16),
  /** The block reaches beyond the session's context, or the stream fills it already. */
  CONTEXT_FULL(17),
  /** A fault of the sender of this error, not of its receiver. */
  INTERNAL(18),
  /** The server is leaving and takes nothing new. */
  SHUTTING_DOWN(19),
  /** The round number is 0 or does not come after its predecessor. */
  ROUND(20),
  /** Nothing was heard from the other side for too long. */
  IDLE_TIMEOUT(21),
  /** A RESUME came without tokens, and the server does not know them: send them. */
  RESUME_TOKENS(22);

  private static final ErrorCode[] BY_NUMBER = new ErrorCode[23];

  static {
    for (ErrorCode code : values()) {
      BY_NUMBER[code.number] = code;
    }
  }

  private final int number;

  ErrorCode(int number) {
    this.number = number;
  }

  /** The code on the wire, 1 to 65535. */
  public int number() {
    return number;
  }

  /** The code with this number; one from a later protocol is read as {@link #INTERNAL}. */
  public static ErrorCode byNumber(int number) {
    return number > 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : INTERNAL;
  }
}
