package org.sled.device;

import org.sled.net.protocol.ErrorCode;

/** Too many of the draft model's token ids mean something else than the target's; see the text. */
public final class TokenizerMismatchException extends RefusedException {
  private static final long serialVersionUID = 1L;

  private final String targetName;

  public TokenizerMismatchException(String message, String targetName) {
    super(ErrorCode.TOKENIZER_MISMATCH, message);
    this.targetName = targetName;
  }

  /** The target's name, as the server said it; empty if it did not. */
  public String targetName() {
    return targetName;
  }
}
