package org.sled.server;

import org.sled.jni.Model;
import org.sled.net.protocol.TokenizerFingerprint;

/** The wire's form of a model's tokenizer fingerprint. */
final class Fingerprints {
  private Fingerprints() {}

  static TokenizerFingerprint of(Model model) {
    Model.Info info = model.info();
    return new TokenizerFingerprint(
        info.vocabularyTokens(),
        info.tokensHash(),
        info.mergesHash(),
        info.specialsHash(),
        info.pretokenizerHash());
  }
}
