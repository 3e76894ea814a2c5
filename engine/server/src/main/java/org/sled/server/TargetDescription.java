package org.sled.server;

import org.sled.net.protocol.TokenizerFingerprint;

/**
 * What clients and rules must know of a target.
 *
 * @param fingerprint its tokenizer
 * @param contextTokens tokens of one session at most
 * @param sessions sessions at a time
 * @param sequences of the K/V cache: sessions that can take part in a step
 * @param passRows rows of a pass over the weights at most
 * @param slotRows rows of one session in a step at most
 * @param exactNumerics a row's bits do not depend on how many rows are computed with it
 * @param numericsId equal ids give equal bits
 * @param modelName its name
 * @param chatTemplate Jinja source, may be empty
 */
record TargetDescription(
    TokenizerFingerprint fingerprint,
    int contextTokens,
    int sessions,
    int sequences,
    int passRows,
    int slotRows,
    boolean exactNumerics,
    long numericsId,
    String modelName,
    String chatTemplate) {

  /** Numbers of native sessions: those that are open, and those that have left K/V behind. */
  int sessionNumbers() {
    return sessions + sequences;
  }
}
