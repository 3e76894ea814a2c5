package org.sled.bench.trace;

import org.sled.net.protocol.TokenizerFingerprint;

/**
 * What a trace is of. Of models that were given as files it has the names without directories: a
 * trace is given to others.
 *
 * @param format always {@link #FORMAT}
 * @param version of the format
 * @param draftModel the draft model's name
 * @param targetModel the target's name, as the server said it
 * @param numericsId the server's: with another one a sampled text may differ
 * @param fingerprint of the vocabulary
 * @param depth drafts per position at most
 * @param devices that drafted at a time when it was recorded: their times are those under this load
 */
public record TraceHeader(
    String format,
    int version,
    String draftModel,
    String targetModel,
    String numericsId,
    TokenizerFingerprint fingerprint,
    int depth,
    int devices) {
  static final String FORMAT = "sled-draft-trace";
  static final int VERSION = 1;

  /** Leaves directories out. */
  public TraceHeader {
    draftModel = withoutDirectories(draftModel);
    targetModel = withoutDirectories(targetModel);
  }

  private static String withoutDirectories(String model) {
    return model == null ? null : model.substring(model.lastIndexOf('/') + 1);
  }
}
