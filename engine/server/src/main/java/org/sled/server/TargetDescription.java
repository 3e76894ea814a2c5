package org.sled.server;

import org.sled.net.protocol.TokenizerFingerprint;

/**
 * What clients and rules must know of a target.
 *
 * @param fingerprint its tokenizer
 * @param contextTokens tokens of one session at most
 * @param sessions sessions at a time
 * @param exactNumerics a row's bits do not depend on how many rows are computed with it
 * @param numericsId equal ids give equal bits
 * @param modelName its name
 * @param chatTemplate Jinja source, may be empty
 */
record TargetDescription(
    TokenizerFingerprint fingerprint,
    int contextTokens,
    int sessions,
    boolean exactNumerics,
    long numericsId,
    String modelName,
    String chatTemplate) {}
