package org.sled.server.target;

import org.sled.core.cost.RowRule;
import org.sled.net.protocol.EndTokens;
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
 * @param rowRule which counts of rows a pass has
 * @param numericsId equal ids give equal bits
 * @param modelName its name
 * @param chatTemplate Jinja source, may be empty
 * @param endTokens what it wants around a prompt
 */
public record TargetDescription(
    TokenizerFingerprint fingerprint,
    int contextTokens,
    int sessions,
    int sequences,
    int passRows,
    int slotRows,
    boolean exactNumerics,
    RowRule rowRule,
    long numericsId,
    String modelName,
    String chatTemplate,
    EndTokens endTokens) {

  /** Numbers of native sessions: those that are open, and those that have left K/V behind. */
  public int sessionNumbers() {
    return sessions + sequences;
  }
}
