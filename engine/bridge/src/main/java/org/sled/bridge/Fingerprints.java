package org.sled.bridge;

import org.sled.jni.Model;
import org.sled.net.protocol.TokenizerFingerprint;

/** The wire's form of a model's tokenizer fingerprint. */
public final class Fingerprints {
  private Fingerprints() {}

  /** The fingerprint of the tokenizer that this model has. */
  public static TokenizerFingerprint of(Model.Info info) {
    return new TokenizerFingerprint(
        info.vocabularyTokens(),
        info.tokensHash(),
        info.mergesHash(),
        info.specialsHash(),
        info.pretokenizerHash());
  }
}
