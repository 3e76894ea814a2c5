package org.sled.device;

import org.sled.net.protocol.ErrorCode;

/** The draft model's token ids mean something else than the target's; the text names what. */
public final class TokenizerMismatchException extends RefusedException {
  private static final long serialVersionUID = 1L;

  TokenizerMismatchException(String message) {
    super(ErrorCode.TOKENIZER_MISMATCH, message);
  }
}
